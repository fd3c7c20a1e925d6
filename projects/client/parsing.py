"""Parse the command line with the option tables of `grammar`.

Simple calls, as agents write them, are parsed here. Invalid or unusual ones fall back to argparse, built from the
same tables: importing it takes longer than the rest of a call.
"""

from __future__ import annotations

from projects.client import grammar
from projects.client.argv import normalised, refuse_repeated
from projects.client.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable
    from typing import Any, NoReturn

    from projects.client.grammar import Option

WIDTH = 100  # characters per line of help; asking the terminal would import shutil for every option


class Options:
    """The options of a call by name, like `argparse.Namespace`, but without importing argparse."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__ = values

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...


def parse(call: Any) -> Options:
    """Return the options of a call. Raises UsageError."""
    table = (*grammar.GLOBALS, *call.verb.options)
    program = grammar.program(call.noun, call.verb)
    tokens = normalised(call.tokens, table, program)
    refuse_repeated(tokens, call.verb.options, program)  # the last global flag wins: an alias may set one
    values = read(table, tokens)
    if values is None:
        values = vars(argparse_parser(call.noun, call.verb).parse_args(tokens))
    return Options(values)


def read(table: Iterable[Option], tokens: Iterable[str]) -> dict[str, Any] | None:
    """Return the values of a simple command line by name; None if it needs argparse.

    The tokens are `normalised`: a flag and its value are joined by "=".
    """
    values: dict[str, Any] = {}
    known: dict[str, tuple[str, dict[str, Any]]] = {}
    places: list[tuple[str, dict[str, Any]]] = []
    missing: set[str] = set()
    for flags, settings in table:
        named = flags[0].startswith("-")
        name = settings.get("dest") or flags[-1].lstrip("-").replace("-", "_")
        values[name] = settings.get("default", False if settings.get("action") == "store_true" else None)
        if named:
            known.update((flag, (name, settings)) for flag in flags)
        elif "nargs" in settings and settings["nargs"] != "?":
            return None
        else:
            places.append((name, settings))
        if settings.get("required", not named and "nargs" not in settings):
            missing.add(name)
    words: list[str] = []
    closed = False
    for token in tokens:
        flag, equals, text = token.partition("=")
        if flag not in known:
            # argparse has its own rules for positionals with flags between them.
            if closed or token.startswith("-"):
                return None
            words.append(token)
            continue
        closed = bool(words)
        name, settings = known[flag]
        action = settings.get("action", "store")
        if bool(equals) == (action == "store_true"):
            return None
        if not _keep(values, name, settings, text if equals else True, append=action == "append"):
            return None
        missing.discard(name)
    if len(words) > len(places):
        return None
    for (name, settings), word in zip(places, words, strict=False):
        if not _keep(values, name, settings, word):
            return None
        missing.discard(name)
    return None if missing else values


def _keep(
    values: dict[str, Any], name: str, settings: dict[str, Any], given: str | bool, *, append: bool = False
) -> bool:
    """Store a value; return False if the option does not accept it."""
    value: Any = given
    if "type" in settings:
        try:
            value = settings["type"](given)
        except Exception:  # argparse tries again and reports the error
            return False
    if value not in settings.get("choices", (value,)):
        return False
    values[name] = [*(values[name] or ()), value] if append else value
    return True


def argparse_parser(noun: str, verb: grammar.Verb) -> argparse.ArgumentParser:
    """Return the argparse parser of a verb, global flags included: for help and for invalid command lines."""
    import argparse

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise UsageError(f"{message}; see: {self.prog} -h")

    def formatter(prog: str) -> argparse.HelpFormatter:
        return argparse.HelpFormatter(prog, width=WIDTH, max_help_position=34)

    parser = Parser(
        prog=grammar.program(noun, verb),
        description=verb.summary,
        add_help=False,
        allow_abbrev=False,
        formatter_class=formatter,
    )
    for flags, settings in verb.options:
        parser.add_argument(*flags, **settings)
    group = parser.add_argument_group("global flags")
    for flags, settings in grammar.GLOBALS:
        group.add_argument(*flags, **settings)
    return parser

"""The help texts, built from the same tables as the parsers."""

from __future__ import annotations

from projects.client import grammar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from projects.client.argv import Option
    from projects.client.grammar import Call, Verb

WIDTH = 100  # characters per line
INTRODUCTION = """\
usage: pm NOUN VERB [ARGS]

A project tracker that lives in this repository. Results are JSON on standard output; errors are JSON
on the last line of standard error. Exit status: 0 done, 1 refused or failed, 2 usage, 3 no server.
"""


def text(call: Call) -> str:
    """Return the help of `pm`, a noun or a verb."""
    if call.noun is None:
        return _of_pm()
    if call.verb is None:
        return _of_noun(call.noun)
    if not call.verb.name and len(grammar.verbs_of(call.noun)) > 1:
        return f"{_of_verb(call.noun, call.verb)}\n{_verbs(call.noun)}"
    return _of_verb(call.noun, call.verb)


def usage(noun: str, verb: Verb) -> str:
    """Return the usage line of a verb: its name, arguments and required flags."""
    words = [grammar.program(noun, verb)]
    for flags, settings in verb.options:
        if not flags[0].startswith("-"):
            word = settings.get("metavar", flags[0])
            words.append(f"[{word}]" if settings.get("nargs") == "?" else word)
        elif settings.get("required"):
            words.append(f"{flags[0]} {settings.get('metavar', 'VALUE')}")
    return " ".join([*words, "[FLAGS]"])


def _of_pm() -> str:
    lines = [INTRODUCTION, "commands:"]
    lines += _columns(grammar.NOUNS.items())
    version = [("--version", "print the version")]
    lines += ["", "global flags:", *_columns(_described(grammar.GLOBALS)), *_columns(version)]
    return "\n".join([*lines, "", "More: pm NOUN -h, pm NOUN VERB -h", ""])


def _of_noun(noun: str) -> str:
    return f"usage: pm {noun} VERB [ARGS]\n\n{_verbs(noun)}"


def _verbs(noun: str) -> str:
    lines = ["verbs:", *_columns((verb.name, verb.summary) for verb in grammar.verbs_of(noun) if verb.name)]
    return "\n".join([*lines, "", f"More: pm {noun} VERB -h", ""])


def _of_verb(noun: str, verb: Verb) -> str:
    from projects.client import argparse_parser

    found = argparse_parser.build(grammar.program(noun, verb), verb.summary, verb.options, grammar.GLOBALS)
    found.usage = usage(noun, verb).replace("%", "%%")
    return found.format_help()


def _described(options: Iterable[Option]) -> list[tuple[str, str]]:
    found = []
    for flags, settings in options:
        value = settings.get("metavar") or "|".join(settings.get("choices", ()))
        found.append((" ".join(filter(None, (", ".join(flags), value))), settings["help"]))
    return found


def _columns(pairs: Iterable[tuple[str, str]]) -> list[str]:
    import textwrap

    found = []
    for left, right in pairs:
        found += textwrap.wrap(
            f"  {left:<20} {right}", WIDTH, subsequent_indent=" " * 23, break_long_words=False, break_on_hyphens=False
        )
    return found

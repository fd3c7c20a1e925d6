"""Read the tokens of a command line: join values to flags, rename old flags, report mistakes, convert the values."""

from __future__ import annotations

from projects.client.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    Settings = dict[str, Any]  # the keyword arguments of argparse.add_argument
    Option = tuple[tuple[str, ...], Settings]
    Value = Any  # whatever an option's `type` returns

# Flags of the predecessor, agile-board, so that its scripts keep working.
ALIASES = {
    "--project-id": "--project",
    "--parent-id": "--parent",
    "--sprint-id": "--sprint",
    "--assignee-id": "--assignee",
    "--work-item-id": "--work-item",
    "--story-points": "--points",
    "--status-value": "--status",
    "--version": "--expected-version",
}
# What is often typed, from other tools, in place of a command or flag.
MEANT = {
    "list": "work-item list",
    "ls": "work-item list",
    "--json": "--output json (the default)",
    "--table": "--output table",
}


class Options:
    """The options of a call by name, like `argparse.Namespace`, but without importing argparse."""

    def __init__(self, values: dict[str, Value]) -> None:
        self.__dict__ = values

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Value: ...
        def __setattr__(self, name: str, value: Value) -> None: ...


def normalised(tokens: Sequence[str], options: Sequence[Option], program: str) -> list[str]:
    """Rewrite the tokens for argparse, such as `--title -x` to `--title=-x`. Raises UsageError."""
    takes_value = flags_of(options)
    end = end_of_flags(tokens)
    found: list[str] = []
    words = iter(tokens[:end])
    for token in words:
        name, equals, rest = token.partition("=")
        flag = name if name in takes_value else ALIASES.get(name, name)
        # `list` takes the project as a positional; accept the --project flag of the other verbs, too.
        placed = flag == "--project" and flag not in takes_value and _has_place(options)
        if placed or takes_value.get(flag):
            value = rest if equals else next(words, None)
            if value is None or (not equals and value.partition("=")[0] in takes_value):
                raise UsageError(f"{name} needs a value; see: {program} -h")
            token = value if placed else f"{flag}={value}"
        elif flag not in takes_value and token.startswith("-") and token[1:] and not any(map(str.isspace, token)):
            raise UsageError(f"unknown flag {name}{nearest(name, takes_value)}; see: {program} -h")
        found.append(token)
    return [*found, *tokens[end:]]


def refuse_repeated(tokens: Sequence[str], options: Iterable[Option], program: str) -> None:
    """Raise UsageError if a single-value flag is repeated: argparse would silently drop the first value."""
    once = {flag for flags, settings in options for flag in flags if settings.get("action", "store") == "store"}
    given: set[str] = set()
    for token in tokens[: end_of_flags(tokens)]:
        flag, equals, _ = token.partition("=")
        if equals and flag in given:
            raise UsageError(f"{flag} is given twice; it takes one value; see: {program} -h")
        if flag in once:
            given.add(flag)


def read(table: Iterable[Option], tokens: Iterable[str]) -> dict[str, Value] | None:
    """Return the values of a simple command line by name; None if it needs argparse.

    The tokens are `normalised`: a flag and its value are joined by "=".
    """
    values: dict[str, Value] = {}
    known: dict[str, tuple[str, Settings]] = {}
    places: list[tuple[str, Settings]] = []
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


def flags_of(options: Iterable[Option]) -> dict[str, bool]:
    """Return whether each flag takes a value."""
    return {
        flag: settings.get("action", "store") in ("store", "append")
        for flags, settings in options
        for flag in flags
        if flag.startswith("-")
    }


def end_of_flags(tokens: Sequence[str]) -> int:
    """Return the index of `--`, after which all tokens are positionals, or the number of tokens."""
    return tokens.index("--") if "--" in tokens else len(tokens)


def known(word: str, words: Iterable[str], what: str) -> str:
    """Return `word` if it is one of `words`. Raises UsageError, naming the nearest."""
    if word in words:
        return word
    raise UsageError(f"unknown {what} {word!r}{nearest(word, words)}; see: pm -h")


def nearest(word: str, words: Iterable[str]) -> str:
    """Return a "did you mean" clause with the closest word, or ""."""
    if word in MEANT and MEANT[word].partition(" ")[0] in words:
        return f"; did you mean {MEANT[word]}?"
    import difflib

    begun = [one for one in words if len(word) > 2 and one.startswith(word)]
    near = begun or difflib.get_close_matches(word, words, 1, 0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _has_place(options: Iterable[Option]) -> bool:
    return any("PROJECT" in settings.get("metavar", "") for flags, settings in options if flags[0][0] != "-")


def _keep(values: dict[str, Value], name: str, settings: Settings, given: str | bool, *, append: bool = False) -> bool:
    """Store a value; return False if the option does not accept it."""
    value: Value = given
    if "type" in settings:
        try:
            value = settings["type"](given)
        except Exception:  # argparse tries again and reports the error
            return False
    if value not in settings.get("choices", (value,)):
        return False
    values[name] = [*(values[name] or ()), value] if append else value
    return True

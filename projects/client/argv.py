"""Normalize the tokens of a command line: join values to flags, rename old flags, report mistakes."""

from __future__ import annotations

from projects.client.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

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


def normalised(tokens: Sequence[str], options: Sequence[Any], program: str) -> list[str]:
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


def refuse_repeated(tokens: Sequence[str], options: Iterable[Any], program: str) -> None:
    """Raise UsageError if a single-value flag is repeated: argparse would silently drop the first value."""
    once = {flag for flags, settings in options for flag in flags if settings.get("action", "store") == "store"}
    given: set[str] = set()
    for token in tokens[: end_of_flags(tokens)]:
        flag, equals, _ = token.partition("=")
        if equals and flag in given:
            raise UsageError(f"{flag} is given twice; it takes one value; see: {program} -h")
        if flag in once:
            given.add(flag)


def flags_of(options: Iterable[Any]) -> dict[str, bool]:
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
    import difflib

    begun = [one for one in words if len(word) > 2 and one.startswith(word)]
    near = begun or difflib.get_close_matches(word, words, 1, 0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _has_place(options: Iterable[Any]) -> bool:
    return any("PROJECT" in settings.get("metavar", "") for flags, settings in options if flags[0][0] != "-")

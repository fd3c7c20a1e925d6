"""The command that a wrong command line probably means. Only imported after a mistake."""

from __future__ import annotations

from projects.client import spelling
from projects.client.errors import Mistake, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_MISTAKES = 4  # in one command line


def add_try(error: UsageError, argv: Sequence[str]) -> None:
    """Add the command that was probably meant to an error about `argv`, as `try`; a list if several are likely."""
    if not isinstance(error, Mistake):
        return
    commands = [_filled(text, error.rest) for text in spelling.suggestions(error.phrase)] or _repaired(argv, error)
    if commands:
        error.error["try"] = commands if len(commands) > 1 else commands[0]


def _filled(text: str, rest: Sequence[str]) -> str:
    """Return a suggested command with the words of the user in its places."""
    import shlex

    words = list(rest)
    if "{}" not in text:
        words = words[next((number for number, word in enumerate(words) if word.startswith("-")), len(words)) :]
    found = []
    for part in text.split():
        if part.endswith("{}"):
            if words and not words[0].startswith("-"):
                found.append(part[:-2] + words.pop(0))
        else:
            found.append(part)
    return " ".join(["pm", *(part if part == "&&" else shlex.quote(part) for part in [*found, *words])])


def _repaired(argv: Sequence[str], error: Mistake) -> list[str]:
    """Return the command line with the nearest words for all unknown ones, [] if one of them is not near any."""
    import shlex

    from projects.client import grammar

    tokens = list(argv)
    for _ in range(MAX_MISTAKES):
        if not error.right:
            return []
        tokens = _replaced(tokens, error.wrong, error.right)
        try:
            call = grammar.find(tokens)
            if call.verb is not None and not grammar.wants_help(call.tokens):
                grammar.parse(call)
        except Mistake as another:
            error = another
        except UsageError:
            return []
        else:
            return [shlex.join(["pm", *tokens])]
    return []


def _replaced(tokens: Sequence[str], wrong: str, right: str) -> list[str]:
    """Return the tokens with the first that is `wrong`, or sets this flag, replaced."""
    for number, token in enumerate(tokens):
        name, equals, value = token.partition("=")
        if token == wrong or (equals and name == wrong):
            new = right if token == wrong else right + equals + value
            return [*tokens[:number], new, *tokens[number + 1 :]]
    return list(tokens)

"""The command that a wrong command line probably means. Only imported after a mistake."""

from __future__ import annotations

from projects.client import spelling, vocabulary
from projects.client.argv import name_of
from projects.client.errors import Mistake, UsageError
from projects.client.grammar import is_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_MISTAKES = 4  # in one command line
REQUIRED = "the following arguments are required: "  # argparse's words
SPRINT = 13  # days from the first to the last one that is suggested


def add_try(error: UsageError, argv: Sequence[str]) -> None:
    """Add the command that was probably meant to an error about `argv`, as `try`; a list if several are likely."""
    if isinstance(error, Mistake):
        phrase, rest = error.phrase, error.rest
        noun, _, key = phrase.rpartition(" ")
        if noun and is_key(key):  # a key where a verb is expected
            phrase = f"{noun} KEY"
    else:
        phrase, rest = _command_of(argv)
        if rest and f"{phrase} FILE" in vocabulary.SUGGESTIONS and "." in rest[0]:
            phrase = f"{phrase} FILE"
        elif not all(token.startswith("-") for token in rest):
            phrase = ""  # the command itself was meant
    commands = [_filled(text, rest) for text in spelling.suggestions(phrase)]
    if isinstance(error, Mistake) and _is_valid(error.instead) and error.instead:
        commands = [_line(error.instead)]
    if not commands:
        commands = (
            _gathered(argv) or _repaired(argv, error) or _shortened(argv) or _updated(argv)
            if isinstance(error, Mistake)
            else _completed(argv, str(error)) or _quoted(argv)
        )
    if commands:
        error.error["try"] = commands if len(commands) > 1 else commands[0]


def _command_of(argv: Sequence[str]) -> tuple[str, list[str]]:
    """Return the words of the command that is called, and the other tokens."""
    from projects.client import grammar

    try:
        call = grammar.find(argv)
    except UsageError:
        return "", []
    if call.noun is None or call.verb is None:
        return "", []
    return f"{call.noun} {call.verb.name}".rstrip(), call.tokens


def _filled(text: str, rest: Sequence[str]) -> str:
    """Return a suggested command with the words of the user in its places, and with the flags that it takes."""
    if "&&" in text:
        return f"pm {text}"
    words = list(rest)
    found: list[str] = []
    for part in text.split():
        flag, brace, name = part.partition("{")
        is_given = bool(words) and not words[0].startswith("-")
        found.append(flag + (words.pop(0) if is_given else name[:-1]) if brace else part)
    if "{" not in text:
        words = words[next((number for number, word in enumerate(words) if word.startswith("-")), len(words)) :]
    named = text.replace("{", "").replace("}", "").split()
    return _line(next(filter(_is_valid, ([*found, *words], found)), named))


def _gathered(argv: Sequence[str]) -> list[str]:
    """Return the command line of a saved view with the flags of a list as the query that it takes, [] for others."""
    command, rest = _command_of(argv)
    if command not in ("saved-view create", "saved-view update"):
        return []
    from urllib.parse import urlencode

    from projects.entities.work_item import WORK_ITEM

    filters = {f"--{each.name.replace('_', '-')}": each for each in WORK_ITEM.filters if each.name != "view"}
    words: list[str] = []
    pairs: list[tuple[str, str]] = []
    tokens = iter(rest)
    for token in tokens:
        flag, equals, value = token.partition("=")
        if flag not in filters:
            words.append(token)
            continue
        each = filters[flag]
        pairs.append((each.name, value if equals else "true" if each.is_switch else next(tokens, "")))
    if command.endswith("create") and words and not words[0].startswith("-"):
        words[:1] = ["--name", words[0]]
    found = [*command.split(), *words, "--filters", urlencode(pairs, safe=",@:")]
    return [_line(found)] if pairs and all(value for _, value in pairs) and _is_valid(found) else []


def _repaired(argv: Sequence[str], error: Mistake) -> list[str]:
    """Return the command line with the nearest words for all unknown ones, [] if one of them is not near any."""
    tokens = list(argv)
    for _ in range(MAX_MISTAKES):
        if not error.right:
            return []
        tokens = replaced(tokens, error.wrong, error.right)
        try:
            _check(tokens)
        except Mistake as another:
            error = another
        except UsageError:
            return []
        else:
            return [_line(tokens)]
    return []


def _quoted(argv: Sequence[str]) -> list[str]:
    """Return the command line with words that follow each other as one text, if only the quotes were missing."""
    from projects.client import grammar

    tokens = list(argv)
    first = max(len(tokens) - len(_command_of(argv)[1]), 1)  # after the words of the command
    for start in range(first, len(tokens) - 1):
        end = next((number for number in range(start, len(tokens)) if tokens[number].startswith("-")), len(tokens))
        text = " ".join(tokens[start:end])
        joined = [*tokens[:start], text, *tokens[end:]]
        if end > start + 1 and _is_valid(joined):
            call = grammar.find(joined)
            options = call.verb.options if call.verb else ()
            names = [name_of(flags, settings) for flags, settings in options if settings.get("metavar") == "TEXT"]
            if text in [vars(grammar.parse(call))[name] for name in names]:
                return [_line(joined)]
    return []


def _completed(argv: Sequence[str], message: str) -> list[str]:
    """Return the command line with the arguments that are missing: days as such, others by what stands for them."""
    from projects.client import grammar

    if not message.startswith(REQUIRED):
        return []
    names = message.removeprefix(REQUIRED).partition(";")[0].split(", ")
    call = grammar.find(argv)
    tokens = [*argv]
    for flags, settings in call.verb.options if call.verb else ():
        stands_for = str(settings.get("metavar") or flags[-1].lstrip("-").replace("-", "_").upper())
        if stands_for in names:
            tokens.append(stands_for)
        elif set(names) & set(flags):
            tokens += [flags[-1], _day(flags[-1]) or stands_for]
    return [_line(tokens)] if _is_valid(tokens) else []


def _day(flag: str) -> str:
    """Return a day for a flag that takes one: today for the first of a sprint."""
    from datetime import date, timedelta

    days = {"--start-date": 0, "--end-date": SPRINT}.get(flag)
    return "" if days is None else str(date.today() + timedelta(days))


def _updated(argv: Sequence[str]) -> list[str]:
    """Return a move with flags of other fields as the update that takes them."""
    command, rest = _command_of(argv)
    tokens = ["update", *rest]
    return [_line(tokens)] if command == "work-item move" and _is_valid(tokens) else []


def _shortened(argv: Sequence[str]) -> list[str]:
    """Return the command line with a verb that stands alone instead of a noun's, if that takes the flags."""
    command, rest = _command_of(argv)
    verb = command.rpartition(" ")[2]
    tokens = [verb, *rest]
    return [_line(tokens)] if verb != command and verb in vocabulary.COMMANDS and _is_valid(tokens) else []


def _is_valid(tokens: Sequence[str]) -> bool:
    try:
        _check(tokens)
    except UsageError:
        return False
    return True


def _check(tokens: Sequence[str]) -> None:
    """Raise UsageError if the command line is wrong."""
    from projects.client import grammar

    call = grammar.find(tokens)
    if call.verb is not None and not grammar.wants_help(call.tokens):
        grammar.parse(call)


def replaced(tokens: Sequence[str], wrong: str, right: str) -> list[str]:
    """Return the tokens with the first replaced that is `wrong`, or is a flag `wrong` or with the value `wrong`."""
    for number, token in enumerate(tokens):
        name, equals, value = token.partition("=")
        if token == wrong:
            return [*tokens[:number], right, *tokens[number + 1 :]]
        if equals and wrong in (name, value):
            new = f"{right}={value}" if name == wrong else f"{name}={right}"
            return [*tokens[:number], new, *tokens[number + 1 :]]
    return list(tokens)


def _line(tokens: Sequence[str]) -> str:
    """Return a command line for the shell."""
    import shlex

    return shlex.join(["pm", *tokens])

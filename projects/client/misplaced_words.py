"""What words in the wrong place probably mean, as in `pm update PONE-1 done`. Only imported after an error."""

from __future__ import annotations

from projects.client import argv
from projects.client.errors import ApiError, ClientError, UsageError
from projects.client.grammar import is_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from projects.client.argv import Option, Options
    from projects.client.grammar import Call

VALUED = ("--status", "--priority", "--type")  # flags whose values people write as words


def add_try(error: ClientError, call: Call, options: Options) -> None:
    """Add the command that was probably meant to an error of a command that ran, as `try`."""
    if "try" in error.error or call.verb is None:
        return
    given = call.verb.options
    words: list[str] = []
    if call.noun == "update" and type(error) is UsageError and "field" not in error.error:  # nothing to change
        words = _with_values(options.ids, given)
    elif call.noun in ("done", "back") and isinstance(error, ApiError):
        words = _with_message(getattr(options, "ids", None) or call.tokens)
    elif call.noun == "list" and error.error.get("field") == "project" and options.project:
        words = _flagged([options.project], given)
    command: list[str] = [str(call.noun), *words] if words else []
    if call.noun == "show" and isinstance(error, ApiError) and len(options.ids) == 1 and ".q" in options.ids[0]:
        command = ["question", "get", *options.ids]
    if command:
        import shlex

        error.error["try"] = shlex.join(["pm", *command])


def _with_values(ids: Sequence[str], given: Sequence[Option]) -> list[str]:
    """Return the keys and the other words as flags, [] if one of them is not a value."""
    keys = [word for word in ids if is_key(word)]
    flags = _flagged([word for word in ids if not is_key(word)], given)
    return [*keys, *flags] if keys and flags else []


def _with_message(words: Sequence[str]) -> list[str]:
    """Return the keys that come first and the other words as the message, [] if there are none of either."""
    first = next((number for number, word in enumerate(words) if not is_key(word)), 0)
    others = words[first:]
    return [*words[:first], "-m", " ".join(others)] if first and not any(word[0] == "-" for word in others) else []


def _flagged(words: Sequence[str], given: Sequence[Option]) -> list[str]:
    """Return each word as the flag whose value it is, [] if one is none."""
    known = argv.settings_of(given)
    flags = []
    for word in words:
        for flag in VALUED:
            try:
                flags.append(argv.canonical(f"{flag}={word}", {flag: known.get(flag, {"choices": ("",)})}, ""))
                break
            except UsageError:
                continue
        else:
            return []
    return flags

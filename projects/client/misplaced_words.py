"""What words in the wrong place probably mean, as in `pm update PONE-1 done`. Only imported after an error."""

from __future__ import annotations

from projects.client import argv
from projects.client.errors import ApiError, ClientError, UsageError
from projects.client.grammar import is_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from projects.client.argv import Option, Options
    from projects.client.context import Context
    from projects.client.grammar import Call

VALUED = ("--status", "--priority", "--type")  # flags whose values people write as words
NAMED = {"project": ("projects", "key"), "sprint": ("sprints", "name")}  # by noun: where its names are
UNKNOWN = "there is no "
SIMILAR = "similar names: "
AMBIGUOUS = "; use a key: "  # of a number that items of several projects have


def add_try(error: ClientError, call: Call, options: Options, context: Context) -> None:
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
    if call.noun == "work-item" and call.verb.name == "move" and type(error) is UsageError:
        command = _moved(call.tokens)
    elif not command and isinstance(error, ApiError):
        command = _with_key(str(error), call) or _with_known_name(str(error), call, options, context)
    if call.noun == "show" and isinstance(error, ApiError) and len(options.ids) == 1 and ".q" in options.ids[0]:
        command = ["question", "get", *options.ids]
    if command:
        import shlex

        error.error["try"] = shlex.join(["pm", *command])


def _moved(tokens: Sequence[str]) -> list[str]:
    """Return the update that a move to a status is, else the move with the place that it lacks."""
    from projects.client import grammar

    words = [token for token in tokens if not token.startswith("-")]
    keys = [word for word in words if is_key(word)]
    verb = grammar.find(["update", *keys]).verb
    flags = _flagged([word for word in words if not is_key(word)], verb.options if verb else ())
    if keys and flags:
        return ["update", *keys, *flags]
    return ["work-item", "move", keys[0], "--before", "KEY"] if len(keys) == 1 else []


def _line(call: Call) -> list[str]:
    return [word for word in (call.noun, call.verb.name if call.verb else "", *call.tokens) if word]


def _with_key(message: str, call: Call) -> list[str]:
    """Return the command with the first key that a number alone may mean, [] for other messages."""
    from projects.client import hints

    before, found, keys = message.partition(AMBIGUOUS)
    return hints.replaced(_line(call), before.partition(" ")[0], keys.split(", ")[0]) if found else []


def _with_known_name(message: str, call: Call, options: Options, context: Context) -> list[str]:
    """Return the command with the name that was probably meant instead of an unknown one, else the list of names."""
    from projects.client import hints, spelling

    noun, _, name = message.partition(UNKNOWN)[2].replace("work item", "item").partition(" ")
    name, _, rest = name.partition("; ")
    line = _line(call)
    if not any(word == name or word.endswith(f"={name}") for word in line):
        return []
    if rest.startswith(SIMILAR):
        known = rest.removeprefix(SIMILAR).partition(";")[0].split(", ")
        return hints.replaced(line, name, known[0])
    if noun == "item":
        return ["list"] if is_key(name) else ["search", name]
    if noun not in NAMED:
        return []
    known = _names(noun, getattr(options, "project", None), context)
    folded = {one.lower(): one for one in known}
    near = known[0] if len(known) == 1 and noun == "project" else folded.get(spelling.nearest(name.lower(), folded))
    return hints.replaced(line, name, near) if near else [noun, "list"]


def _names(noun: str, project: str | None, context: Context) -> list[str]:
    """Return the names of all projects or sprints, [] if the server does not answer."""
    from projects.client.api import encode_query

    collection, field = NAMED[noun]
    query = {"fields": field, "limit": "1000", **({"project": project} if project and noun != "project" else {})}
    try:
        return [row[field] for row in context.api.get(f"/api/v1/{collection}/{encode_query(query)}")["results"]]
    except ClientError:
        return []


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

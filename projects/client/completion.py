"""What may follow a command line that is not finished: for the shells, by the hidden `pm __complete`.

Quick and quiet: it starts no server, waits a second at most, and where it knows nothing it says nothing.
"""

from __future__ import annotations

import signal
import threading

from projects.client import grammar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, NoReturn

    Candidates = Iterable[tuple[str, str]]  # what may be typed, and what it is

PATIENCE = 0.8  # seconds, for the whole of it; Python itself takes some, too
FILES, FOLDERS = ":files", ":folders"  # instead of candidates: the shell knows these better
BY_METAVAR = {"PATH": FILES, "FILE": FILES, "DIR": FOLDERS}
KEYS = {"ITEM": "items", "PROJECT": "projects", "P": "projects"}
IDS = {"project": "projects", "work-item": "items"}  # whose ID has a key


class OutOfTime(BaseException):
    """The patience is at its end; no handler of errors on the way may think it is one of its own."""


def answer(words: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return the lines for the last of `words`, which may be empty: a candidate, a tab, what it is; "" for none."""
    try:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGALRM, _give_up)
            signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        found = _candidates(_joined(words), environ)
        return "".join(f"{word}\t{what}\n" if what else f"{word}\n" for word, what in found)
    except (Exception, OutOfTime):  # a shell that completes wants no words about it
        return ""
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.setitimer(signal.ITIMER_REAL, 0)


def _give_up(number: int, frame: object) -> NoReturn:
    raise OutOfTime


def _joined(words: Sequence[str]) -> list[str]:
    """Return the words with `--flag = value`, as bash cuts them, made one word again."""
    found: list[str] = []
    for word in words:
        if found and word == "=" and found[-1].startswith("--"):
            found[-1] += "="
        elif found and found[-1].startswith("--") and found[-1].endswith("=") and "=" not in found[-1][:-1]:
            found[-1] += word
        else:
            found.append(word)
    return found


def _candidates(words: list[str], environ: Mapping[str, str]) -> Candidates:
    *before, current = words or [""]
    noun, verb, options, place, asking = _position(before)
    takes_value = {flag: settings for flags, settings in options for flag in flags if flag.startswith("-")}
    flag, equals, value = current.partition("=")
    if asking is not None:
        return _values(asking, noun, current, before, environ)
    if equals and flag in takes_value:
        return _values(takes_value[flag], noun, value, before, environ)
    if current.startswith("-"):
        given = {word.partition("=")[0] for word in before}
        return [
            (name, settings["help"])
            for flags, settings in options
            for name in flags
            if name.startswith(current) and (name not in given or settings.get("action") == "append")
        ]
    if noun is None:
        return [pair for pair in grammar.NOUNS.items() if pair[0].startswith(current)]
    if verb is None:
        return [(each.name, each.summary) for each in grammar.verbs_of(noun) if each.name.startswith(current)]
    return _values(place, noun, current, before, environ) if place else []


def _position(before: Sequence[str]) -> tuple[str | None, Any, tuple[Any, ...], Any, Any]:
    """Return noun, verb, the flags that may come, the next positional, and the flag that waits for its value."""
    noun: str | None = None
    verb: Any = None
    options: tuple[Any, ...] = grammar.GLOBALS
    waiting: list[Any] = []
    asking: Any = None
    for word in before:
        if asking is not None:
            asking = None
        elif word.startswith("-"):
            settings = {flag: settings for flags, settings in options for flag in flags}.get(word)
            asking = settings if settings and settings.get("action", "store") in ("store", "append") else None
        elif noun is None:
            noun = word
            verbs = grammar.verbs_of(noun)
            verb = verbs[0] if verbs[0].name == "" else None
        elif verb is None:
            verb = next(each for each in grammar.verbs_of(noun) if each.name == word)
        elif waiting:
            waiting.pop(0)
        if verb is not None and len(options) == len(grammar.GLOBALS):
            options = (*verb.options, *grammar.GLOBALS)
            waiting = [settings for flags, settings in verb.options if not flags[0].startswith("-")]
    return noun, verb, options, waiting[0] if waiting else None, asking


def _values(
    settings: Mapping[str, Any], noun: str | None, begun: str, before: Sequence[str], environ: Mapping[str, str]
) -> Candidates:
    """Return the values of an option that begin with what was begun."""
    if "choices" in settings:
        return [(choice, "") for choice in settings["choices"] if choice.startswith(begun)]
    if isinstance(settings.get("type"), grammar.Words):
        first, comma, last = begun.rpartition(",")
        return [(first + comma + word, "") for word in settings["type"].choices if word.startswith(last)]
    metavar = settings.get("metavar", "")
    if metavar in BY_METAVAR:
        return [(BY_METAVAR[metavar], "")]
    kind = KEYS.get(metavar) or (IDS.get(noun or "") if metavar == "ID" else None)
    if metavar == "ID|PROJECT":
        kind = "projects" if "--next" in before else "items"
    if kind is None:
        return []
    from projects.client import completion_keys

    return completion_keys.begun(kind, begun, before, environ)

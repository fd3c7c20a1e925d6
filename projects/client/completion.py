"""Complete a partial command line for the shells, through the hidden `pm __complete`.

It starts no server, takes a second at most, and prints nothing on errors.
"""

from __future__ import annotations

import signal
import threading

from projects.client import grammar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, NoReturn

    Candidates = Iterable[tuple[str, str]]  # the candidate and its description

PATIENCE = 0.8  # seconds in total; starting Python takes some more
FILES, FOLDERS = ":files", ":folders"  # printed instead of candidates: the shell completes paths itself
BY_METAVAR = {"PATH": FILES, "FILE": FILES, "DIR": FOLDERS}
KEYS = {"ITEM": "items", "PROJECT": "projects", "P": "projects"}
IDS = {"project": "projects", "work-item": "items"}  # nouns with keys as IDs


class OutOfTime(BaseException):
    """The time limit passed; a BaseException, so that `except Exception` can't swallow it."""


def answer(words: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return the completions of the last word, which may be empty: lines of candidate, tab, description."""
    try:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGALRM, _give_up)
            signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        found = _candidates(_joined(words), environ)
        return "".join(f"{word}\t{what}\n" if what else f"{word}\n" for word, what in found)
    except (Exception, OutOfTime):  # errors would garble the prompt
        return ""
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.setitimer(signal.ITIMER_REAL, 0)


def _give_up(number: int, frame: object) -> NoReturn:
    raise OutOfTime


def _joined(words: Sequence[str]) -> list[str]:
    """Return the words with `--flag = value`, which bash splits, joined again."""
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
    """Return the noun, verb, allowed flags, next positional, and the flag that needs a value next."""
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
    """Return the values of an option that start with `begun`."""
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

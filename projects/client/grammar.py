"""The command line as data, read by `arguments`; only the called noun's is loaded.

A noun is a module of `commands` with a line in NOUNS; its VERBS are tuples of options. A command of one
word (`pm init`) is a module with one verb without a name.
"""

from __future__ import annotations

from projects.client.errors import UsageError
from projects.client.tokens import end_of_flags, flags_of, known, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from projects.client.context import Context

    Option = tuple[tuple[str, ...], dict[str, Any]]

NOUNS = {
    "project": "projects, and what their figures say",
    "work-item": "epics, stories and tasks: list, ready, claim, show, create, update, move …",
    "sprint": "sprints: plan, start, complete, report",
    "comment": "comments of a work item",
    "dependency": "which item blocks which",
    "time-entry": "timers, and time spent",
    "swim-lane": "the columns of the board",
    "activity": "who changed what, when",
    "changes": "what changed since the last look, for a loop",
    "search": "find words in titles, descriptions and comments",
    "sync": "the board as a file for git: export, import, hooks",
    "backup": "copy the database to a file, while the server runs",
    "restore-backup": "put a backup in the database's place",
    "server": "the repository's server: start, stop, status, wait, list, open, logs",
    "demo": "fill an empty board with an example, and open it",
    "init": "make the config directory and a commented config.toml; point agents here",
    "prime": "what an agent must know to work with this board",
    "completion": "print the completion script of a shell",
    "doctor": "check the directory, the server and the database",
    "schema": "print the API's OpenAPI document",
}


class Verb:
    """A command: its name, what it does, the function that does it, and the table of its options."""

    def __init__(
        self, name: str, summary: str, run: Callable[[Context], object], options: tuple[Option, ...] = ()
    ) -> None:
        self.name = name
        self.summary = summary
        self.run = run
        self.options = options


class Call:
    """What a command line calls, and the tokens that are left; no noun or no verb is a call for help."""

    def __init__(self, noun: str | None, verb: Verb | None, tokens: list[str]) -> None:
        self.noun = noun
        self.verb = verb
        self.tokens = tokens


def option(*flags: str, **settings: Any) -> Option:
    """Return a line of an option table; the arguments are those of `argparse.add_argument`."""
    return flags, settings


class Words:
    """Read words of `choices` with commas between them."""

    def __init__(self, choices: tuple[str, ...]) -> None:
        self.choices = choices

    def __call__(self, text: str) -> str:
        """Return the text. Raises argparse.ArgumentTypeError where a word is none of the choices."""
        for word in text.split(","):
            if word not in self.choices:
                raise refused(f"{word!r} is none of {', '.join(self.choices)}")
        return text


def seconds(text: str) -> float:
    """Return a positive number of seconds, a day at most."""
    number = float(text)
    if not 0 < number <= 86400:
        raise refused(f"{text!r} is not between 0 and 86400 seconds")
    return number


def refused(message: str) -> Exception:
    """Return what a `type` of an option raises: argparse puts the message behind the option's name."""
    import argparse

    return argparse.ArgumentTypeError(message)


GLOBALS: tuple[Option, ...] = (
    option("--server", metavar="URL", help="talk to this server instead of the repository's own"),
    option("--start", action="store_true", help="start a server if none is running"),
    option("--timeout", type=seconds, metavar="SECONDS", help="seconds of silence before giving up (30)"),
    option("--as", dest="actor", metavar="NAME", help="who is acting (PM_ACTOR, else llm)"),
    option("--pretty", action="store_true", help="indent the JSON"),
    option("--output", choices=("json", "table"), default="json", help="json, or a table for people"),
    option("--config-dir", metavar="DIR", help="the config directory (PM_CONFIG_DIR, else the nearest .pm)"),
    option("-h", "--help", action="store_true", help="show this text"),
)


def verbs_of(noun: str) -> tuple[Verb, ...]:
    """Return the verbs of a noun in NOUNS."""
    module = __import__(f"projects.client.commands.{noun.replace('-', '_')}", fromlist=["VERBS"])
    verbs: tuple[Verb, ...] = module.VERBS
    return verbs


def find(argv: Sequence[str]) -> Call:
    """Return the noun, its verb and the other tokens; either may be None where help is wanted.

    Global flags may stand before, between and behind them. Raises UsageError.
    """
    takes_value = flags_of(GLOBALS)
    words: list[str] = []
    tokens: list[str] = []
    rest = iter(argv)
    for token in rest:
        if not token.startswith("-"):
            words.append(token)
            if len(words) == 2 or _is_alone(known(token, NOUNS, "command")):
                break
            continue
        name, equals, _ = token.partition("=")
        if name not in takes_value:
            raise UsageError(f"unknown flag {name} before the verb{nearest(name, takes_value)}; see: pm -h")
        tokens.append(token)
        if takes_value[name] and not equals:
            tokens.extend(value for value in (next(rest, None),) if value is not None)
    tokens.extend(rest)
    if not words:
        return Call(None, None, tokens)
    verbs = {verb.name: verb for verb in verbs_of(words[0])}
    if words[1:]:
        return Call(words[0], verbs[known(words[1], verbs, f"verb of pm {words[0]}:")], tokens)
    return Call(words[0], verbs.get(""), tokens)


def wants_help(tokens: Sequence[str]) -> bool:
    """Tell whether `-h` stands among the tokens."""
    return any(token in ("-h", "--help") for token in tokens[: end_of_flags(tokens)])


def program(noun: str, verb: Verb) -> str:
    """Return what calls a verb: `pm project list`, `pm init`."""
    return f"pm {noun} {verb.name}".rstrip()


def _is_alone(noun: str) -> bool:
    return bool(verbs_of(noun)[0].name == "")

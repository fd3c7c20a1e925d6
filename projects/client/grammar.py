"""The command line as data: find the verb of a call and parse its options; only its noun's module is loaded.

A noun is a module of `commands` with a line in NOUNS; its VERBS list the verbs and their options. A single-word
command (`pm init`) is a module with one unnamed verb. A noun that is also a command (`pm sync`) has its unnamed verb
after the others.
"""

from __future__ import annotations

from projects.client.argv import Options, end_of_flags, flags_of, known, nearest, normalised, read, refuse_repeated
from projects.client.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from projects.client.argv import Option, Value
    from projects.client.context import Context

NOUNS = {
    "project": "projects and their statistics",
    "work-item": "epics, stories and tasks: list, ready, claim, show, create, update, move …",
    "sprint": "sprints: plan, start, complete, report",
    "comment": "comments on work items",
    "dependency": "which items block others",
    "time-entry": "timers and time spent on work items",
    "swim-lane": "the columns of the board",
    "who": "which sessions are live, and what each holds",
    "whoami": "who you act as, in which session, and why",
    "activity": "who changed what, and when",
    "changes": "what changed since the last call, for polling",
    "search": "search titles, descriptions and comments",
    "sync": "share the board with other clones through git, or as a file",
    "backup": "back up the database while the server runs",
    "restore-backup": "replace the database with a backup",
    "server": "the repository's server: start, stop, status, wait, list, open, logs",
    "demo": "fill an empty board with an example and open it",
    "init": "create the config directory and a commented config.toml",
    "prime": "print instructions and the board's state for an agent",
    "completion": "print a shell completion script",
    "doctor": "check the directory, the server and the database",
    "schema": "print the API's OpenAPI document",
}


class Verb:
    """A command: its name, summary, function and option table."""

    def __init__(
        self, name: str, summary: str, run: Callable[[Context], object], options: tuple[Option, ...] = ()
    ) -> None:
        self.name = name
        self.summary = summary
        self.run = run
        self.options = options


class Call:
    """The noun and verb of a command line, and the remaining tokens; without a noun or verb it asks for help."""

    def __init__(self, noun: str | None, verb: Verb | None, tokens: list[str]) -> None:
        self.noun = noun
        self.verb = verb
        self.tokens = tokens


def option(*flags: str, **settings: Value) -> Option:
    """Return an entry of an option table; takes the arguments of `argparse.add_argument`."""
    return flags, settings


class Words:
    """Parse comma-separated words of `choices`; `not:` negates a word and those after it."""

    def __init__(self, choices: tuple[str, ...]) -> None:
        self.choices = choices

    def __call__(self, text: str) -> str:
        """Return the text. Raises argparse.ArgumentTypeError for a word that is not a choice."""
        for word in text.split(","):
            if word.removeprefix("not:") not in self.choices:
                raise refused(f"{word!r} is not one of {', '.join(self.choices)}")
        return text


def seconds(text: str) -> float:
    """Parse a positive number of seconds, at most a day."""
    number = float(text)
    if not 0 < number <= 86400:
        raise refused(f"{text!r} is not between 0 and 86400 seconds")
    return number


def refused(message: str) -> Exception:
    """Return the exception for an option's `type` to raise; argparse prefixes the message with the option's name."""
    import argparse

    return argparse.ArgumentTypeError(message)


def kind(text: str) -> str:
    """Parse a kind of users."""
    if text not in ("person", "agent"):
        raise refused(f"{text!r} is neither person nor agent")
    return text


GLOBALS: tuple[Option, ...] = (
    option("--server", metavar="URL", help="use this server instead of the repository's own"),
    option("--start", action="store_true", help="start a server if none is running"),
    option("--timeout", type=seconds, metavar="SECONDS", help="seconds without a response before giving up (30)"),
    option("--as", dest="actor", metavar="NAME", help="act as this user (PM_ACTOR, else found: see pm whoami)"),
    option("--new-user", type=kind, metavar="KIND", help="create unknown users, as person or agent"),
    option("--pretty", action="store_true", help="indent the JSON"),
    option("--output", choices=("json", "table"), default="json", help="output format: json, or a table for people"),
    option("--config-dir", metavar="DIR", help="config directory (PM_CONFIG_DIR, else the nearest .pm)"),
    option("-h", "--help", action="store_true", help="show this help"),
)


def verbs_of(noun: str) -> tuple[Verb, ...]:
    """Return the verbs of a noun in NOUNS."""
    module = __import__(f"projects.client.commands.{noun.replace('-', '_')}", fromlist=["VERBS"])
    verbs: tuple[Verb, ...] = module.VERBS
    return verbs


def find(argv: Sequence[str]) -> Call:
    """Return the noun, its verb and the other tokens; noun and verb may be None if the call asks for help.

    Global flags may come before, between and after them. Raises UsageError.
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
        if name not in takes_value and words and bare_verb(words[0]):
            tokens.append(token)
            break
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


def parse(call: Call) -> Options:
    """Return the options of a call that has a verb. Raises UsageError.

    Simple calls, as agents write them, are read here. Invalid or unusual ones fall back to argparse, built from the
    same tables: importing it takes longer than the rest of a call.
    """
    if call.noun is None or call.verb is None:
        raise ValueError("a call without a verb asks for help")
    command, options = program(call.noun, call.verb), call.verb.options
    table = (*GLOBALS, *options)
    tokens = normalised(call.tokens, table, command)
    refuse_repeated(tokens, options, command)  # the last global flag wins: an alias may set one
    values = read(table, tokens)
    if values is None:
        from projects.client import argparse_parser

        values = vars(argparse_parser.build(command, call.verb.summary, options, GLOBALS).parse_args(tokens))
    return Options(values)


def wants_help(tokens: Sequence[str]) -> bool:
    """Return True if `-h` is among the tokens."""
    return any(token in ("-h", "--help") for token in tokens[: end_of_flags(tokens)])


def program(noun: str, verb: Verb) -> str:
    """Return the command of a verb: `pm project list`, `pm init`."""
    return f"pm {noun} {verb.name}".rstrip()


def bare_verb(noun: str) -> Verb | None:
    """Return the verb of a noun that stands alone, None if it needs a verb."""
    return next((verb for verb in verbs_of(noun) if not verb.name), None)


def _is_alone(noun: str) -> bool:
    return bool(verbs_of(noun)[0].name == "")

"""The command line as data: find the command of a call and parse its options; only its module is loaded.

A command is a module of `commands` that `vocabulary.COMMANDS` lists. A verb (`pm init`) has a VERB. A noun
(`pm project list`) has VERBS, each with its options. A noun that is also a verb (`pm sync`) has its unnamed verb after
the others.
"""

from __future__ import annotations

from projects.client import vocabulary
from projects.client.argv import Options, end_of_flags, meanings, normalised, read, refuse_repeated, settings_of
from projects.client.errors import Mistake, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from projects.client.argv import Option, Value
    from projects.client.context import Context


class Verb:
    """A command: its name, "" if it stands alone, summary, function, option table and an example for the help.

    `places` are flags that words without a flag fill in this order.
    """

    def __init__(
        self,
        name: str,
        summary: str,
        run: Callable[[Context], object],
        options: tuple[Option, ...] = (),
        *,
        example: str = "",
        places: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.summary = summary
        self.run = run
        self.options = options
        self.example = example
        self.places = places


class Call:
    """The noun and verb of a command line, and the remaining tokens; without a noun or verb it asks for help.

    `fixed` are flags that a synonym stands for, unless the tokens have them. Words fill `places`.
    """

    def __init__(
        self,
        noun: str | None,
        verb: Verb | None,
        tokens: list[str],
        fixed: Sequence[str] = (),
        places: Sequence[str] = (),
    ) -> None:
        self.noun = noun
        self.verb = verb
        self.tokens = tokens
        self.fixed = fixed
        self.places = places


class Phrase:
    """An entry of PHRASES: the words of a command, its fixed flags, and its places."""

    def __init__(self, text: str) -> None:
        parts = text.split()
        self.words = [part for part in parts if part[0] not in "-{"]
        self.fixed = [part for part in parts if part[0] == "-" and not part.endswith("{}")]
        self.places = [part.removesuffix("{}").removesuffix("=") for part in parts if part.endswith("{}")]

    @property
    def is_known(self) -> bool:
        """True if the command exists."""
        return self.words[0] in vocabulary.COMMANDS


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


READING = ("list", "show")  # verbs that change nothing and read no file


def verbs_of(noun: str) -> tuple[Verb, ...]:
    """Return the verbs of a command in COMMANDS."""
    name = f"projects.client.commands.{noun.replace('-', '_')}"
    try:
        module = __import__(name, fromlist=["VERBS"])
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        # An entity whose verbs all follow from its description.
        module = __import__("projects.client.commands.entity", fromlist=["verbs_of"])
        plain: tuple[Verb, ...] = module.verbs_of(noun)
        return plain
    if hasattr(module, "VERB"):
        return (module.VERB,)
    verbs: tuple[Verb, ...] = module.VERBS
    return verbs


def find(argv: Sequence[str]) -> Call:
    """Return the command, and the other tokens; noun and verb may be None if the call asks for help.

    Global flags may come before, between and after the words. Raises Mistake.
    """
    tokens, rest = _global_flags(argv)
    if not rest:
        return Call(None, None, tokens)
    word, *rest = rest
    name = _plain(word)
    if name == "help":
        return find([*tokens, *rest, "--help"])
    word, rest = _in_order(tokens, word, rest)
    phrase = phrase_of(word, rest)
    if is_key(word) and phrase is None:
        phrase, rest = Phrase("show"), [word, *rest]
    elif phrase is None and is_key(word.rpartition(".q")[0]):
        phrase, rest = Phrase("question get"), [word, *rest]  # `pm PONE-12.q1`
    if phrase is not None:
        return _find_verb(phrase, tokens, rest)
    raise Mistake(f"unknown command {word!r}", word, _every_word(), "pm -h", name, rest)


def parse(call: Call) -> Options:
    """Return the options of a call that has a verb. Raises UsageError.

    Invalid command lines fall back to argparse, built from the same tables, for its messages: importing it takes
    longer than the rest of a call.
    """
    if call.noun is None or call.verb is None:
        raise ValueError("a call without a verb asks for help")
    command, options = program(call.noun, call.verb), call.verb.options
    table = (*GLOBALS, *options)
    tokens = normalised(call.tokens, table, command, call.places, call.fixed)
    refuse_repeated(tokens, options, command)  # the last global flag wins: an alias may set one
    values = read(table, tokens)
    if values is None:
        from projects.client import argparse_parser

        values = vars(argparse_parser.build(command, options, GLOBALS).parse_args(tokens))
    return Options(values)


def wants_help(tokens: Sequence[str]) -> bool:
    """Return True if `-h` is among the tokens."""
    return any(token in ("-h", "--help") for token in tokens[: end_of_flags(tokens)])


def program(noun: str, verb: Verb) -> str:
    """Return the command of a verb: `pm project list`, `pm init`."""
    return f"pm {noun} {verb.name}".rstrip()


def phrase_of(word: str, rest: Sequence[str]) -> Phrase | None:
    """Return the command that a word in front of `rest` means, None if there is none."""
    name = _plain(word)
    return Phrase(name) if name in vocabulary.COMMANDS else _phrase(name, rest)


def refuse_bare(noun: str | None) -> None:
    """Raise UsageError for `pm check` without a key: exit status 0 would say that all checks passed."""
    if noun == "check":
        raise UsageError("the following arguments are required: KEY; see: pm check -h")


def verb_of(noun: str, word: str) -> Verb | None:
    """Return the verb of a noun that a word means, None if there is none."""
    verbs = {verb.name: verb for verb in verbs_of(noun) if verb.name}
    plain = _plain(word)
    return next((verbs[name] for name in (plain, *_same(plain)) if name in verbs), None)


def bare_verb(noun: str) -> Verb | None:
    """Return the verb of a noun that stands alone, None if it needs a verb."""
    return next((verb for verb in verbs_of(noun) if not verb.name), None)


def each_of(verb: Verb) -> str | None:
    """Return the name of the positional for each of whose words the verb runs once, None if it has none."""
    return next((flags[0] for flags, settings in verb.options if settings.get("each")), None)


def is_light(call: Call) -> bool:
    """Return True if the command needs only the standard library."""
    light = vocabulary.COMMANDS[call.noun or ""].light
    return light == vocabulary.EVERY or (call.verb is not None and call.verb.name in light)


def is_key(word: str) -> bool:
    """Return True if a word has the form of an item's key, such as PONE-12."""
    project, dash, number = word.rpartition("-")
    return bool(dash) and number.isdecimal() and project.isidentifier() and project.isascii()


def _find_verb(phrase: Phrase, tokens: list[str], rest: list[str]) -> Call:
    """Return the call of a command; the verb of a noun is the next word, unless the phrase names it."""
    noun, *words = phrase.words
    verbs = {verb.name: verb for verb in verbs_of(noun)}
    name = words[0] if words else "" if next(iter(verbs)) == "" else None
    if name is not None:
        return Call(noun, verbs[name], [*tokens, *rest], phrase.fixed, phrase.places or verbs[name].places)
    alone = "" if "" in verbs else "list" if len(verbs) == 1 else None  # the verb that may be left out
    if rest and rest[0].startswith("-") and any(map(is_key, rest)) and noun in vocabulary.KEYED:
        keyed = Phrase(vocabulary.KEYED[noun])  # `pm comment -m TEXT PONE-12`
        if not _names_verb(noun, rest) and keyed.is_known:
            return _find_verb(keyed, tokens, rest)
    flags, following = _global_flags(rest, strict=alone is None)
    if not following or following[0].startswith("-"):
        return Call(noun, verbs.get("" if wants_help(rest) else alone or ""), [*tokens, *rest])
    word, *rest = following
    tokens = [*tokens, *flags]
    plain = _plain(word)
    if is_key(word):
        other, rest = _meant(noun, following), following
    else:
        other = None if plain in verbs else _meant(f"{noun} {plain}", rest)
    if other is not None:
        return _find_verb(other, tokens, rest)
    verb = verb_of(noun, word)
    if verb is None and noun == "work-item" and " " in word.strip() and Phrase("create").is_known:
        create = Phrase("create")  # `pm bug "It crashes"`
        create.fixed = phrase.fixed
        return _find_verb(create, tokens, following)
    if verb is not None:
        return Call(noun, verb, [*tokens, *rest], phrase.fixed if verb.name in vocabulary.PRESET else (), verb.places)
    if plain == "help":
        return Call(noun, None, tokens)
    known = [name for name in verbs if name]
    raise Mistake(f"unknown verb of pm {noun}: {word!r}", word, known, f"pm {noun} -h", f"{noun} {plain}", rest)


def _in_order(tokens: list[str], word: str, rest: list[str]) -> tuple[str, list[str]]:
    """Return the words with the verb before a key, and with a noun before its verb, as in `create task TITLE`."""
    if not rest or rest[0].startswith("-"):
        return word, rest
    second, *others = rest
    if is_key(word):
        is_verb = not is_key(second) and phrase_of(second, [word]) is not None
        return (second, [word, *others]) if is_verb else (word, rest)
    phrase = phrase_of(second, ["?"]) if _same(_plain(word)) else None
    if phrase is None or vocabulary.COMMANDS[phrase.words[0]].group != vocabulary.NOUN:
        return word, rest
    # A word in capitals may be a project, and the only word after `create` a title.
    is_plural = bool(_singular(_plain(second))) and second.islower()
    has_more = bool(others) and not others[0].startswith("-") and _plain(word) != "list"
    is_titled = any(token.partition("=")[0] == "--title" for token in others)
    if not is_plural and not has_more and not is_titled:
        if second.islower() and phrase.words[0] == "work-item" and _same(_plain(word))[0] == "create":
            kind = [flag for flag in phrase.fixed if flag.startswith("--type")]
            raise Mistake(
                f"{second!r} is a kind of items, not a title", second, (), "pm create -h",
                instead=[*tokens, "create", "TITLE", *kind, *others],
            )  # fmt: skip
        return word, rest
    verb = phrase_of(word, others)
    if phrase.words[0] == "work-item" and verb is not None:  # a verb that stands alone is about items
        return word, [*(phrase.fixed if verb.words[-1] in vocabulary.PRESET else ()), *others]
    if _same(_plain(word))[0] not in READING:
        # Who may run `pm create` may not run all that `pm comment create` can do, such as read a file.
        raise Mistake("the noun goes first", word, (), "pm -h", instead=[*tokens, second, word, *others])
    return second, [word, *others]


def _names_verb(noun: str, tokens: Sequence[str]) -> bool:
    return any(verb_of(noun, token) or f"{noun} {_plain(token)}" in vocabulary.PHRASES for token in tokens)


def _global_flags(tokens: Sequence[str], *, strict: bool = True) -> tuple[list[str], list[str]]:
    """Return the global flags that the tokens begin with, and the rest.

    Other flags begin the rest, or are an error if `strict`. Raises Mistake.
    """
    flags: list[str] = []
    if not tokens or not tokens[0].startswith("-"):
        return flags, list(tokens)
    known = settings_of(GLOBALS)
    for number, token in enumerate(tokens):
        if len(flags) > number:  # the value of a flag
            continue
        if not token.startswith("-"):
            return flags, list(tokens[number:])
        name, equals, _ = token.partition("=")
        meant = meanings(name, GLOBALS)
        if not meant:
            if strict:
                raise Mistake(f"unknown flag {name} before the verb", name, known, "pm -h")
            return flags, list(tokens[number:])
        flags.append(token)
        if not equals and meant[0] in known and known[meant[0]].get("action") != "store_true":
            flags += tokens[number + 1 : number + 2]
    return flags, []


def _phrase(name: str, rest: Sequence[str]) -> Phrase | None:
    """Return what a word that is not a command means in front of `rest`, None if it means nothing."""
    phrase = _meant(name, rest)
    noun = vocabulary.NOUNS.get(name)
    if phrase is not None or noun is not None:
        return phrase or Phrase(noun or "")
    singular = _singular(name)
    if not singular:
        return None
    phrase = Phrase(vocabulary.NOUNS.get(singular, singular))
    if all(verb.name != "list" for verb in verbs_of(phrase.words[0])):
        return None  # `pm notes`
    if (not rest or rest[0].startswith("-") or is_key(rest[0])) and not wants_help(rest):
        phrase.words.append("list")  # `pm sprints`, `pm comments PONE-12`
    return phrase


def _meant(words: str, rest: Sequence[str]) -> Phrase | None:
    """Return the phrase that words stand for in front of `rest`, None if there is none whose command exists."""
    following = next((token for token in rest if not token.startswith("-")), "")
    keyed = vocabulary.KEYED.get(words) if is_key(following) or following.isdecimal() else None
    if keyed and len(rest) == 1:
        keyed = vocabulary.KEY_ALONE.get(words, keyed)
    texts = (keyed, vocabulary.PHRASES.get(words))
    return next((phrase for phrase in map(Phrase, filter(None, texts)) if phrase.is_known), None)


def _singular(name: str) -> str:
    """Return the noun of a plural, "" if it is none."""
    for end, single in (("ies", "y"), ("s", "")):
        word = name.removesuffix(end) + single
        if name.endswith(end) and (word in vocabulary.NOUNS or word in vocabulary.COMMANDS):
            return word
    return ""


def _same(verb: str) -> tuple[str, ...]:
    """Return the verbs that mean the same."""
    return next((same for same in vocabulary.VERBS if verb in same), ())


def _plain(word: str) -> str:
    return word.lower().replace("_", "-")


def _every_word() -> list[str]:
    """Return every word that may follow `pm`."""
    phrases = (word for word, text in vocabulary.PHRASES.items() if " " not in word and Phrase(text).is_known)
    return [*vocabulary.COMMANDS, *phrases, *vocabulary.NOUNS]

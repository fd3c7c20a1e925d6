"""The help texts, built from the same tables as the parser."""

from __future__ import annotations

from projects.client import grammar, vocabulary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from projects.client.argv import Option, Settings
    from projects.client.grammar import Call, Verb

WIDTH = 100  # characters per line
MAX_BYTES = 900  # of the help of a verb that stands alone; a longer one only lists its flags
MAX_LEFT = 32  # characters of a flag with its value; a longer one has its own line
MAX_VALUE = 64  # of a flag and its choices, in the brief form
INTRODUCTION = """\
usage: pm COMMAND [ARGS]

A project tracker that lives in this repository. Results are JSON on standard output; errors are JSON
on the last line of standard error. Exit status: 0 done, 1 refused or failed, 2 usage, 3 no server.
"""


def text(call: Call) -> str:
    """Return the help of `pm`, a noun or a verb."""
    if call.noun is None:
        return _of_pm()
    if call.verb is None:
        return f"usage: pm {call.noun} VERB [ARGS]\n\n{_verbs(call.noun)}"
    if not call.verb.name and len(grammar.verbs_of(call.noun)) > 1:
        return f"{_of_verb(call.noun, call.verb)}\n{_verbs(call.noun)}"
    return _of_verb(call.noun, call.verb)


def usage(noun: str, verb: Verb) -> str:
    """Return the usage line of a verb: its name, arguments and required flags."""
    words = [grammar.program(noun, verb)]
    if not verb.name:
        words += [place.lstrip("-").upper() for place in verb.places]
    for flags, settings in verb.options:
        if not flags[0].startswith("-"):
            word = settings.get("metavar", flags[0])
            many = "…" if settings.get("nargs") in ("+", "*") else ""
            words.append(f"[{word}{many}]" if settings.get("nargs") in ("?", "*") else f"{word}{many}")
        elif settings.get("required"):
            words.append(f"{flags[0]} {settings.get('metavar') or flags[0].lstrip('-').upper()}")
    return " ".join([*words, "[FLAGS]"])


def label(option: Option) -> str:
    """Return an option as its table shows it: its flags and value."""
    flags, settings = option
    value = value_of(settings)
    named = ", ".join(flags) if flags[0].startswith("-") else ""
    return " ".join(filter(None, (named, value))) or flags[0]


def value_of(settings: Settings) -> str:
    """Return what stands for the value of an option, "" for a switch."""
    return settings.get("metavar") or "|".join(map(str, settings.get("choices", ())))


def allowed(option: Option) -> str:
    """Return an option with all the words that it takes, if there are only some."""
    flags, settings = option
    words = "|".join(getattr(settings.get("type"), "choices", ()))
    return f"{', '.join(flags)} {words}" if words else label(option)


def _of_pm() -> str:
    lines = [INTRODUCTION]
    for group in (vocabulary.WORK, vocabulary.LOOK, vocabulary.WRITE):
        commands = [(name, each.summary) for name, each in vocabulary.COMMANDS.items() if each.group == group]
        if commands:
            lines += [f"{group}:", *_columns(commands), ""]
    for group in (vocabulary.PEOPLE, vocabulary.NOUN, vocabulary.BOARD):
        names = ", ".join(name for name, each in vocabulary.COMMANDS.items() if each.group == group)
        lines += [f"{group}:", *_wrapped(f"  {names}", "  "), ""]
    flags = [*_described(grammar.GLOBALS), ("--version", "print the version")]
    lines += ["flags of every command:", *_columns(flags), ""]
    return "\n".join([*lines, "More: pm COMMAND -h, pm NOUN VERB -h; many synonyms work, too", ""])


def _verbs(noun: str) -> str:
    lines = ["verbs:", *_columns((verb.name, verb.summary) for verb in grammar.verbs_of(noun) if verb.name)]
    return "\n".join([*lines, "", f"More: pm {noun} VERB -h", ""])


def _of_verb(noun: str, verb: Verb) -> str:
    head = [f"usage: {usage(noun, verb)}", "", *_wrapped(verb.summary), ""]
    example = [f"Example: {verb.example}", ""] if verb.example else []
    end = [*example, "Flags of every command: pm -h", ""]
    table = [*_columns(_described(verb.options)), ""] if verb.options else []
    found = "\n".join([*head, *table, *end])
    like = None if verb.name else grammar.verb_of("work-item", noun)
    if len(found) <= MAX_BYTES or like is None:
        return found
    theirs = {flag for flags, _ in like.options for flag in flags}
    shared = [each for each in verb.options if theirs & {*each[0]}]
    table = [*_columns(_described(each for each in verb.options if each not in shared)), ""]
    # A flag and its value stay on one line.
    values = [allowed(each) for each in shared if each[0][0].startswith("-")]
    short = (value if len(value) <= MAX_VALUE else f"{value.split()[0]} FIELD" for value in values)
    flags = "  ".join(value.replace(" ", "\0") for value in short)
    brief = [line.replace("\0", " ") for line in _wrapped(f"  {flags}", "  ")]
    described = f"see {grammar.program('work-item', like)} -h:"
    return "\n".join([*head, *table, described, *brief, "", *end])


def _described(options: Iterable[Option]) -> list[tuple[str, str]]:
    return [(label(each), each[1].get("help", "")) for each in options]


def _columns(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    rows = list(pairs)
    width = max((len(left) for left, _ in rows if len(left) <= MAX_LEFT), default=0)
    for left, right in rows:
        if len(left) > width:
            yield f"  {left}"
            left = ""
        yield from _wrapped(f"  {left:<{width}}  {right}".rstrip(), " " * (width + 4))


def _wrapped(text: str, indent: str = "") -> list[str]:
    import textwrap

    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)

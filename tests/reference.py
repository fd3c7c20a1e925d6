"""The reference pages that follow from the code: docs/commands.md.

python -m tests.reference    write them again
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from projects.client import grammar, help, vocabulary
from projects.client.vocabulary import COMMANDS
from tests.processes import CHECKOUT

PAGE = CHECKOUT / "docs" / "commands.md"
HEAD = """\
# Commands

Generated from the command's own tables by `python -m tests.reference`; do not edit.

- Standard output has one JSON document. One thing is `{"project": {…}}`; a list is `{"projects": […], "next": …}`, and
  `next` is what `--cursor` takes. Lists are slim: `--fields a,b` or `--full` give more.
- Standard error has warnings. After an error its last line is `{"error": {"code", "message", "field"?, "try"?}}`. `try`
  is the command that was probably meant, with your arguments, or a list of commands if several are likely.
- ID… stands for one or more: the command does one after the other, and prints a document a line. It stops at the first
  error, whose `id` names where.
- Flags may stand before, between and after the words.
- An ID is a UUID, a project's key or an item's display key (`PONE-12`), in any case. PROJECT is optional if the board
  has only one. Flags that end in `-file` take `-` for standard input.
- In a path that is not UTF-8 each such byte is half of a surrogate pair: `0xE9` is `"\\udce9"` in JSON (PEP 383).
- A flag that takes a list (`A,B`, `NAME…`) may be repeated. A flag that takes one value may not: exit 2.
- Exit codes: 0 success, 1 refused or failed, 2 wrong usage, 3 no server, 130 interrupted.
- `python manage.py pm …` in a checkout and `call_command("pm", …)` in Django do the same.
- For compatibility with the agile-board tool these flags are accepted, too: `--project-id`, `--parent-id`,
  `--sprint-id`, `--assignee-id`, `--work-item-id`, `--story-points`, `--version`.
"""


def commands() -> str:
    """Return the page about all commands."""
    return "\n".join([HEAD, *_globals(), *_synonyms(), *(line for noun in COMMANDS for line in _noun(noun))]) + "\n"


def _globals() -> Iterator[str]:
    yield "## Flags of every command\n"
    yield from _table(grammar.GLOBALS)
    yield "\n`pm --version` prints the version."


def _synonyms() -> Iterator[str]:
    yield "\n## Other words\n"
    yield "Commands, flags and values have other names, too. Case does not matter, nor a blank or hyphen for `_`.\n"
    yield "| word | means |\n|---|---|"
    phrases = {word: text for word, text in vocabulary.PHRASES.items() if grammar.Phrase(text).is_known}
    known = {word: text for word, text in vocabulary.KEYED.items() if grammar.Phrase(text).is_known}
    keyed = {f"{word} KEY": text if "{}" in text else f"{text} KEY" for word, text in known.items()}
    for group in (keyed, phrases, vocabulary.NOUNS):
        for meant in dict.fromkeys(group.values()):
            words = [f"`pm {word}`" for word, text in group.items() if text == meant]
            command, _, preset = meant.partition(" ") if group is vocabulary.NOUNS else (meant, "", "")
            more = f"; `list` and `create` with `{preset}`" if preset else ""
            yield f"| {', '.join(words)} | `pm {command.replace('{}', '…')}`{more} |"
    for first, *others in filter(lambda same: len(same) > 1, vocabulary.VERBS):
        yield f"| {', '.join(f'`{word}`' for word in others)} | `{first}` |"
    for table in (vocabulary.FLAGS, vocabulary.VALUES, vocabulary.GROUPS):
        for meant in dict.fromkeys(table.values()):
            if "{" not in meant:
                words = [f"`{word}`" for word, text in table.items() if text == meant]
                yield f"| {', '.join(words)} | `{'` or `'.join(meant.split())}` |"
    yield "\n`PONE-12` alone is `pm show PONE-12`. A noun in the plural lists: `pm sprints`, `pm comments PONE-12`."
    yield "`update` also takes assignments: `pm work-item update PONE-12 status=done`."


def _noun(noun: str) -> Iterator[str]:
    verbs = grammar.verbs_of(noun)
    yield f"\n## pm {noun}"
    if verbs[0].name:
        yield f"\n{COMMANDS[noun].summary[0].upper()}{COMMANDS[noun].summary[1:]}."
    for verb in sorted(verbs, key=lambda verb: bool(verb.name)):
        if verb.name:
            yield f"\n### pm {noun} {verb.name}"
        yield f"\n{verb.summary}\n"
        yield f"```\n{help.usage(noun, verb)}\n```"
        if verb.options:
            yield ""
            yield from _table(verb.options)


def _table(options: Any) -> Iterator[str]:
    yield "| argument | meaning |\n|---|---|"
    for flags, settings in options:
        yield f"| `{_cell(help.label((flags, settings)))}` | {_cell(settings.get('help', ''))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    PAGE.write_text(commands())


if __name__ == "__main__":
    main()

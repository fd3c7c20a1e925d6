"""The argparse parser of a verb, built from the tables of `grammar`: for help and for invalid command lines."""

from __future__ import annotations

import argparse

from projects.client import grammar
from projects.client.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

WIDTH = 100  # characters per line; asking the terminal would import shutil for every option


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see: {self.prog} -h")


def build(noun: str, verb: grammar.Verb) -> argparse.ArgumentParser:
    """Return the parser of a verb, global flags included."""
    parser = _Parser(
        prog=grammar.program(noun, verb),
        description=verb.summary,
        add_help=False,
        allow_abbrev=False,
        formatter_class=_formatter,
    )
    for flags, settings in verb.options:
        parser.add_argument(*flags, **settings)
    group = parser.add_argument_group("global flags")
    for flags, settings in grammar.GLOBALS:
        group.add_argument(*flags, **settings)
    return parser


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.HelpFormatter(prog, width=WIDTH, max_help_position=34)

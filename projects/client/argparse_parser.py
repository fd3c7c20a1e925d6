"""The argparse parser of a verb, built from the tables of `grammar`: for help and for invalid command lines."""

from __future__ import annotations

import argparse

from projects.client.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn

    from projects.client.argv import Option

WIDTH = 100  # characters per line; asking the terminal would import shutil for every option


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see: {self.prog} -h")


def build(
    program: str, summary: str, options: Iterable[Option], global_options: Iterable[Option]
) -> argparse.ArgumentParser:
    """Return the parser of the command `program`."""
    parser = _Parser(prog=program, description=summary, add_help=False, allow_abbrev=False, formatter_class=_formatter)
    for flags, settings in options:
        parser.add_argument(*flags, **settings)
    group = parser.add_argument_group("global flags")
    for flags, settings in global_options:
        group.add_argument(*flags, **settings)
    return parser


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.HelpFormatter(prog, width=WIDTH, max_help_position=34)

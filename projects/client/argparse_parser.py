"""The argparse parser of a verb, built from the tables of `grammar`: it words the errors of invalid command lines."""

from __future__ import annotations

import argparse

from projects.client.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn

    from projects.client.argv import Option

OURS = ("each",)  # settings of options that argparse does not know


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see: {self.prog} -h")


def build(program: str, options: Iterable[Option], global_options: Iterable[Option]) -> argparse.ArgumentParser:
    """Return the parser of the command `program`."""
    parser = _Parser(prog=program, add_help=False, allow_abbrev=False)
    for flags, settings in (*options, *global_options):
        parser.add_argument(*flags, **{name: value for name, value in settings.items() if name not in OURS})
    return parser

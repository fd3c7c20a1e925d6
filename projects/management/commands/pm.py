"""Run the client through `call_command("pm", "project", "list")`.

`manage.py pm` does not use this command: `pmsite.__main__` runs the client before it loads Django.
"""

from __future__ import annotations

import argparse

from django.core.management.base import BaseCommand, CommandError, CommandParser

from projects.client import cli
from projects.loose_types import Framework


class Command(BaseCommand):
    help = "Run the pm client: pm NOUN VERB [ARGS]; see pm -h."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Framework) -> CommandParser:
        # The client parses all arguments, including flags that Django defines too (--version, --settings).
        parser = CommandParser(prog=f"{prog_name} {subcommand}", add_help=False, prefix_chars="\0")
        parser.add_argument("argv", nargs=argparse.REMAINDER)
        parser.set_defaults(no_color=True, force_color=False)  # BaseCommand.execute() reads these
        return parser

    def handle(self, *args: str, argv: list[str], **options: Framework) -> None:
        self.stdout.ending = self.stderr.ending = ""  # the client writes its own line endings
        error = cli.attempt(argv, self.stdout, self.stderr)
        if error is not None:
            raise CommandError(str(error), returncode=error.status)

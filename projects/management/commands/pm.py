"""The second door to the client, for `call_command("pm", "project", "list")`.

`manage.py pm` never comes here: `pmsite.__main__` goes to the client before Django is loaded.
"""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from projects.client import cli


class Command(BaseCommand):
    help = "The client: pm NOUN VERB [ARGS]; see pm -h."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        # The grammar is the client's: Django's own flags (--version, --settings) must not get in its way.
        parser = CommandParser(prog=f"{prog_name} {subcommand}", add_help=False, prefix_chars="\0")
        parser.add_argument("argv", nargs=argparse.REMAINDER)
        parser.set_defaults(no_color=True, force_color=False)  # what BaseCommand.execute() asks for
        return parser

    def handle(self, *args: str, argv: list[str], **options: Any) -> None:
        self.stdout.ending = self.stderr.ending = ""  # the client ends its lines itself
        error = cli.attempt(argv, self.stdout, self.stderr)
        if error is not None:
            raise CommandError(str(error), returncode=error.status)

"""Errors of management commands, as a person reads them: `error: …`, like those of the client.

Django prints the name of the exception's class before each. A mixin, as some commands extend Django's own.
"""

from __future__ import annotations

import sys

from django.core.management.base import BaseCommand, CommandError

from projects.loose_types import Framework


class PlainErrors(BaseCommand):
    """Print a CommandError after `error:` if the command runs in a shell; `call_command` gets the exception."""

    is_in_shell = False

    def run_from_argv(self, argv: list[str]) -> None:
        self.is_in_shell = True
        super().run_from_argv(argv)

    def execute(self, *args: Framework, **options: Framework) -> str | None:
        try:
            return super().execute(*args, **options)
        except CommandError as error:
            if not self.is_in_shell:
                raise
            sys.exit(f"error: {error}")

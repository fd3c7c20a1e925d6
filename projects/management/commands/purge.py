from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from projects.models.purging import purge


class Command(BaseCommand):
    help = "Remove for good what was deleted more than --days days ago; its activity stays."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=_days, default=30, metavar="N", help="deleted so long ago (30)")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be removed")

    def handle(self, *args: Any, days: int, dry_run: bool, **options: Any) -> None:
        found = purge(days, dry_run=dry_run)
        counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found.items()) or "nothing"
        self.stdout.write(f"{'would remove' if dry_run else 'removed'}: {counts}")


def _days(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 36500:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 36500 days")
    return number

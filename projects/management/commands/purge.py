from __future__ import annotations

import argparse

from django.core.management.base import BaseCommand, CommandParser

from projects.loose_types import Framework
from projects.models.deletion import purge


class Command(BaseCommand):
    help = "Permanently remove what was deleted more than --days days ago; keep its activity."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=_days, default=30, metavar="N", help="minimum age in days (default: 30)")
        parser.add_argument("--dry-run", action="store_true", help="only report what would be removed")

    def handle(self, *args: Framework, days: int, dry_run: bool, **options: Framework) -> None:
        found = purge(days, dry_run=dry_run)
        counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found.items()) or "nothing"
        self.stdout.write(f"{'would remove' if dry_run else 'removed'}: {counts}")


def _days(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 36500:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 0 to 36500")
    return number

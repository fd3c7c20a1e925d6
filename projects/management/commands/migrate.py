from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, connections

from discovery.database import one_transaction


class Command(migrate.Command):
    """Django's own, in one transaction: a kill leaves the database as it was."""

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options.get("database") or DEFAULT_DB_ALIAS]
        if connection.in_atomic_block:  # a start, which has its own
            super().handle(*args, **options)
            return
        with one_transaction(connection):
            super().handle(*args, **options)

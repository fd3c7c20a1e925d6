"""System checks of the database: `manage.py check --database default`, and before each `migrate`."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.checks import CheckMessage, Warning
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from projects.engine import triggers

LAST_WITHOUT_OWNER = ("projects", "0005_item_counts")


def check_triggers(*, databases: Sequence[str] | None, **kwargs: object) -> list[CheckMessage]:
    """Warn if the triggers of a migrated database differ from `triggers.sql`."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if LAST_WITHOUT_OWNER not in MigrationRecorder(connection).applied_migrations():
            continue
        names = triggers.differences(connection)
        if names:
            found.append(
                Warning(
                    f"{connection.settings_dict['NAME']} has triggers of another version: {', '.join(names)}",
                    hint="Run `manage.py migrate`, which restores them.",
                    id="projects.W001",
                )
            )
    return found

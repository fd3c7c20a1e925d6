"""Record the activity of an import, and process rows in batches to bound memory use."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection
from django.utils import timezone

from projects.engine import dialect
from projects.models import User
from projects.models.activity import IMPORTED, Action, group_of_transaction
from projects.models.prepared_queries import Row
from projects.transfer.staging import CHANGES
from projects.transfer.tables import Table

BATCH = 500  # rows
_COLUMNS = (
    "entity_type, entity_id, display_key, project_id, version, action, changes, actor_id, created_at, group_id, "
    "source, session, via"
)
_INSERT = (
    f"INSERT INTO projects_activity ({_COLUMNS}, extra) "  # noqa: S608
    f"VALUES ({', '.join(['%s'] * 13)}, (SELECT {dialect.json_object('there', 'at')} FROM {CHANGES} WHERE id = %s))"
)


class Journal:
    """Records activity of `actor`, all with the same timestamp."""

    def __init__(self, actor: User) -> None:
        self.actor = actor.pk.hex
        self.origin = IMPORTED, actor.session_id, actor.via
        self.now = str(timezone.now().replace(tzinfo=None))

    def record(self, table: Table, action: Action, rows: list[Row]) -> None:
        """Insert activity for rows of (ID, display key, project, version, changes)."""
        group = group_of_transaction().hex
        many(
            _INSERT,
            [
                (
                    table.type,
                    pk,
                    key,
                    project,
                    version,
                    action.value,
                    changes,
                    self.actor,
                    self.now,
                    group,
                    *self.origin,
                    pk,
                )
                for pk, key, project, version, changes in rows
            ],
        )


def fetch(query: str) -> Iterator[list[Row]]:
    """Yield the query's rows in batches."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        while batch := cursor.fetchmany(BATCH):
            yield batch


def many(query: str, rows: list[Row]) -> None:
    """Run the statement once per row."""
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(query, rows)

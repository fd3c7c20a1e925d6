"""Permanent deletion: purge entities that were deleted long ago; keep their tombstones and activity."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection, models, transaction
from django.utils import timezone

from projects.models.comment import Comment
from projects.models.dependency import Dependency
from projects.models.project import Project
from projects.models.sprints.sprint import Sprint
from projects.models.swim_lane import SwimLane
from projects.models.time_entry import TimeEntry
from projects.models.work_items.item import WorkItem

_ITEM = "LEFT JOIN projects_workitem item ON item.id = t.work_item_id"
_OLD = "t.deleted_at < %s"
_GONE = "IN (SELECT id FROM temp.purged)"
# In search order: model, joins, condition (besides its own deletion) to purge a row, project column.
_FINDING = (
    (Project, "", "0", "t.id"),
    (WorkItem, "", f"t.project_id {_GONE}", "t.project_id"),
    (Sprint, "", f"t.project_id {_GONE}", "t.project_id"),
    (SwimLane, "", f"t.project_id {_GONE}", "t.project_id"),
    (Comment, _ITEM, f"t.work_item_id {_GONE}", "item.project_id"),
    (TimeEntry, _ITEM, f"t.work_item_id {_GONE}", "item.project_id"),
    (
        Dependency,
        "LEFT JOIN projects_workitem item ON item.id = t.blocking_item_id",
        f"t.blocking_item_id {_GONE} OR t.blocked_item_id {_GONE}",
        "item.project_id",
    ),
)
# Keep rows that are still referenced by rows that stay: the parent of a child or the sprint of an item that was deleted
# more recently. Repeat until stable, because a parent that stays may itself have a parent.
_STAYING = f"""
    DELETE FROM temp.purged WHERE id IN (
        SELECT t.parent_id FROM projects_workitem t WHERE t.parent_id IS NOT NULL AND t.id NOT {_GONE}
        UNION SELECT t.sprint_id FROM projects_workitem t WHERE t.sprint_id IS NOT NULL AND t.id NOT {_GONE})
"""  # noqa: S608


class Tombstone(models.Model):
    """A deleted entity without a row, either purged here or deleted on another clone before any import.

    It prevents an older export from resurrecting the entity. Imports and `purge` write it.
    """

    entity_id = models.UUIDField(primary_key=True)
    entity_type = models.CharField(max_length=20)
    project_id = models.UUIDField(null=True)  # null if the entity never existed in this database
    deleted_at = models.DateTimeField()

    class Meta:
        ordering = ("entity_type", "entity_id")

    def __str__(self) -> str:
        return f"{self.entity_type} {self.entity_id}"


def purge(days: int, *, dry_run: bool = False) -> dict[str, int]:
    """Remove what was deleted more than `days` days ago, with all dependent rows; return the row counts by type.

    Runs in one transaction. Rows that are still referenced by remaining rows are kept.
    """
    limit = str((timezone.now() - timedelta(days=days)).replace(tzinfo=None))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS temp.purged")
        cursor.execute("CREATE TEMP TABLE purged (id PRIMARY KEY, type, project_id, deleted_at)")
        try:
            for model, joins, reason, project in _FINDING:
                cursor.execute(
                    f"INSERT INTO temp.purged SELECT t.id, '{model.entity_type}', {project}, t.deleted_at || '' "  # noqa: S608
                    f"FROM {model._meta.db_table} t {joins} WHERE {_OLD} OR {reason}",
                    [limit],
                )
                while model is Sprint:
                    cursor.execute(_STAYING)
                    if not cursor.rowcount:
                        break
            cursor.execute("SELECT type, count(*) FROM temp.purged GROUP BY type ORDER BY type")
            found = dict(cursor.fetchall())
            if not dry_run:
                _remove()
        finally:
            cursor.execute("DROP TABLE temp.purged")
    return found


def _remove() -> None:
    with connection.cursor() as cursor:
        # The export still lists them under `deleted`; otherwise, importing an old file would bring them back.
        cursor.execute(
            """
            INSERT INTO projects_tombstone (entity_id, entity_type, project_id, deleted_at)
            SELECT id, type, project_id, deleted_at FROM temp.purged WHERE deleted_at IS NOT NULL
            ON CONFLICT (entity_id) DO NOTHING
            """
        )
        for model, *_ in reversed(_FINDING):
            cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE id {_GONE}")  # noqa: S608

"""Permanent deletion: purge entities that were deleted long ago; keep their tombstones and activity.

A required reference says what a row belongs to, so a row is purged with what it refers to: a comment with its item, an
item with its project. An optional reference keeps what it refers to: an item keeps its parent and its sprint.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import connection, models, transaction
from django.utils import timezone

from projects.engine import dialect
from projects.entities.registry import BY_REFERENCE
from projects.models.base import Entity
from projects.models.prepared_queries import field_at

PURGED = f"{dialect.TEMP}purged"
_GONE = f"IN (SELECT id FROM {PURGED})"  # noqa: S608 -- a constant


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
    in_order = [Entity.by_type[entity.name] for entity in BY_REFERENCE]  # referenced entities first
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {PURGED}")
        columns = dialect.columns(id="uuid PRIMARY KEY", type="text", project_id="uuid", deleted_at="timestamptz")
        cursor.execute(f"CREATE TEMP TABLE purged ({columns})")  # an error undoes this, too
        for model in in_order:
            cursor.execute(_finding(model), [limit])
            _keep_referenced(model)
        cursor.execute(f"SELECT type, count(*) FROM {PURGED} GROUP BY type ORDER BY type")  # noqa: S608 -- a constant
        found = dict(cursor.fetchall())
        if not dry_run:
            _remove(in_order)
        cursor.execute(f"DROP TABLE {PURGED}")
    return found


def _references(model: type[Entity], *, required: bool) -> dict[str, type[Entity]]:
    """Return the columns that refer to other entities, each with the model it refers to."""
    return {
        field.column: Entity.by_type[field.refers]
        for field in model.spec.references
        if field_at(model, field.name).null is not required
    }


def _finding(model: type[Entity]) -> str:
    """Return the SQL that adds the rows to purge: those deleted before the parameter, and those of purged rows."""
    owners = _references(model, required=True)
    joins, project_id = "", "t.project_id"
    if not owners:
        project_id = "t.id"  # a project
    elif "project_id" not in owners:
        column, owner = next(iter(owners.items()))
        joins, project_id = f"LEFT JOIN {owner._meta.db_table} owner ON owner.id = t.{column}", "owner.project_id"
    conditions = " OR ".join(("t.deleted_at < %s", *(f"t.{column} {_GONE}" for column in owners)))
    return (
        f"INSERT INTO {PURGED} SELECT t.id, '{model.entity_type}', {project_id}, {dialect.time('t.deleted_at')} "  # noqa: S608 -- names of ours
        f"FROM {model._meta.db_table} t {joins} WHERE {conditions}"
    )


def _keep_referenced(model: type[Entity]) -> None:
    """Keep rows that an optional reference of a row that stays refers to: the parent or sprint of a younger deletion.

    Repeat until stable, because a parent that stays may itself have a parent.
    """
    staying = " UNION ".join(
        f"SELECT t.{column} FROM {model._meta.db_table} t WHERE t.{column} IS NOT NULL AND t.id NOT {_GONE}"  # noqa: S608 -- names of ours
        for column in _references(model, required=False)
    )
    with connection.cursor() as cursor:
        while staying:
            cursor.execute(f"DELETE FROM {PURGED} WHERE id IN ({staying})")  # noqa: S608 -- names of ours
            if not cursor.rowcount:
                break


def _remove(in_order: list[type[Entity]]) -> None:
    with connection.cursor() as cursor:
        # The export still lists them under `deleted`; otherwise, importing an old file would bring them back.
        cursor.execute(
            f"""
            INSERT INTO projects_tombstone (entity_id, entity_type, project_id, deleted_at)
            SELECT id, type, project_id, deleted_at FROM {PURGED} WHERE deleted_at IS NOT NULL
            ON CONFLICT (entity_id) DO NOTHING
            """  # noqa: S608 -- a constant
        )
        for model in reversed(in_order):
            cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE id {_GONE}")  # noqa: S608 -- names of ours
            model.forget_unused()

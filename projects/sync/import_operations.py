"""Describe an import for other clones: its activity gets the whole rows, as they are after the import."""

from __future__ import annotations

import json
import uuid
from datetime import date, datetime

from django.db import connection

from projects.engine import dialect
from projects.loose_types import Json
from projects.models.activity import group_of_transaction
from projects.models.base import Entity

STAMPS = ("version", "created_at", "created_by_id", "updated_at", "updated_by_id")


def describe() -> None:
    """Add the values and stamps of the changed rows to the activity of this transaction."""
    group = group_of_transaction().hex
    for kind, model in Entity.by_type.items():
        columns = [field.column for field in model.spec.travelling]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, entity_id FROM projects_activity WHERE group_id = %s AND entity_type = %s", [group, kind]
            )
            activities = [(pk, uuid.UUID(entity)) for pk, entity in cursor.fetchall()]
        rows = {
            row["id"]: row
            for start in range(0, len(activities), 500)
            for row in model._base_manager.filter(pk__in={one for _, one in activities[start : start + 500]}).values(
                "id", "deleted_at", *columns, *STAMPS
            )
        }
        with connection.cursor() as cursor:
            cursor.executemany(
                # What an import from another tracker noted stays beside it.
                "UPDATE projects_activity SET extra = CASE WHEN extra IS NULL THEN %s "  # noqa: S608 -- names of ours
                f"ELSE {dialect.json_with('%s', 'there', 'extra')} END WHERE id = %s",
                [
                    (text := json.dumps(_extra(rows[entity], columns)), text, pk)
                    for pk, entity in activities
                    if entity in rows
                ],
            )


def _extra(row: dict[str, Json], columns: list[str]) -> dict[str, Json]:
    stamps = {name.removesuffix("_id"): form(row[name]) for name in STAMPS}
    return {column: form(row[column]) for column in (*columns, "deleted_at")} | {"stamps": stamps}


def form(value: Json) -> Json:
    """Return a value in the form of operations, but people by ID."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, uuid.UUID):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value

"""Default swim lanes for imported projects that lack their own."""

from __future__ import annotations

import uuid

from django.db import connection

from projects.entities.work_item import STATUS_NAMES
from projects.models.swim_lane import DEFAULTS
from projects.transfer.staging import DELETED
from projects.transfer.tables import PROJECTS, SWIM_LANES

NOT_IN_FILE = -1  # the place of a row that is not in the file


def stage_defaults() -> None:
    """Stage a default lane for each status for which the file of a created project has none.

    The lanes get the project's timestamps and author, so clones that import the same file stay byte-identical.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, created_at, created_by_id FROM {PROJECTS.staged} WHERE act = 'create' ORDER BY id"  # noqa: S608
        )
        for project, created_at, created_by in cursor.fetchall():
            for position, status in enumerate(DEFAULTS):
                _stage(project, position, status, created_at, created_by)


def _stage(project: str, position: int, status: str, created_at: str, created_by: str) -> None:
    pk = uuid.uuid5(uuid.UUID(project), status).hex
    row: dict[str, str | int] = {
        "place": NOT_IN_FILE,
        "act": "create",
        "id": pk,
        "project_id": project,
        "name": STATUS_NAMES[status],
        "status_value": status,
        "position": position,
        "version": 1,
        "created_at": created_at,
        "updated_at": created_at,
        "created_by_id": created_by,
        "updated_by_id": created_by,
    }
    marks = ", ".join(["%s"] * len(row))
    lanes = SWIM_LANES.staged
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {lanes} ({", ".join(row)}) SELECT {marks}
            WHERE NOT EXISTS (SELECT 1 FROM {lanes} WHERE project_id = %s AND status_value = %s)
            AND NOT EXISTS (SELECT 1 FROM {lanes} WHERE id = %s)
            AND NOT EXISTS (SELECT 1 FROM {DELETED} WHERE id = %s)
            AND NOT EXISTS (SELECT 1 FROM projects_swimlane WHERE id = %s)
            """,  # noqa: S608
            [*row.values(), project, status, pk, pk, pk],
        )

"""What belongs to a project in all tables, and whether anything was written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection

from projects.loose_types import Framework
from projects.models import Project
from projects.models.rights import unrestricted
from projects.team import row_filter
from projects.team.row_filter import RowFilter

_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)
Rows = dict[str, list[tuple[Framework, ...]]]


def rows_of(project: Project) -> Rows:
    """Return all rows of the project, by table."""
    found: Rows = {}
    only = RowFilter([project.pk], [])
    with unrestricted(), connection.cursor() as cursor:
        for table in row_filter.conditions():
            cursor.execute(only.reading(f'SELECT * FROM "{table}" ORDER BY 1'))
            found[table] = cursor.fetchall()
    return found


def changes(before: Rows, project: Project) -> list[str]:
    """Return the tables in which rows of the project changed."""
    return [table for table, rows in rows_of(project).items() if rows != before[table]]


@contextmanager
def noticing() -> Iterator[list[str]]:
    """Collect the writes inside the block; the filter of rows refuses one that begins with WITH."""
    written: list[str] = []

    def notice(execute: Callable[..., Framework], sql: str, *rest: Framework) -> Framework:
        if _WRITES.match(sql):
            written.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(notice):
        yield written

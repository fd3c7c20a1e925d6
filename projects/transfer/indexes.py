"""Let a large import fill the indexes of lists at its end, once, in place of row after row; tidy that of search."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from projects.transfer.tables import WORK_ITEMS

MANY = 5_000  # items; below it, and where there are more here already, keeping the indexes is cheaper
# An import itself looks items up by these.
KEPT = ("item_by_parent", "item_by_sprint")


@contextmanager
def filled_at_end() -> Iterator[None]:
    """Drop the indexes of items and make them again, where more items come than there are; in one transaction."""
    dropped = _indexes() if _is_large() else []
    with connection.cursor() as cursor:
        for name, _ in dropped:
            cursor.execute(f'DROP INDEX "{name}"')
    yield
    if not dropped:
        return
    with connection.cursor() as cursor:
        for _, statement in dropped:
            cursor.execute(statement)
        # Else the next writers would wait until the parts of the index that came are one, a quarter of a second.
        cursor.execute("INSERT INTO projects_search(projects_search) VALUES ('optimize')")


def _is_large() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {WORK_ITEMS.staged} WHERE act = 'create'")  # noqa: S608
        (coming,) = cursor.fetchone()
        if coming < MANY:
            return False
        cursor.execute("SELECT count(*) FROM (SELECT 1 FROM projects_workitem LIMIT %s)", [coming])
        (here,) = cursor.fetchone()
    return bool(coming > here)


def _indexes() -> list[tuple[str, str]]:
    """Return the name and the statement of each index that is not asked for by the import."""
    named = {index.name for index in WORK_ITEMS.model._meta.indexes} - {*KEPT}
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'projects_workitem'")
        return [(name, statement) for name, statement in cursor.fetchall() if name in named]

"""Rebuild the list indexes once at the end of a large import, and merge the segments of the search index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from projects.transfer.tables import WORK_ITEMS

MANY = 5_000  # items; with fewer, or if the board already has more, keeping the indexes is cheaper
# The import itself uses these indexes.
KEPT = ("item_by_parent", "item_by_sprint")


@contextmanager
def filled_at_end() -> Iterator[None]:
    """Drop the item indexes and rebuild them afterwards if the import outnumbers the existing items. Transactional."""
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
        # Merge the FTS segments now; otherwise the next write pays 250 ms.
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
    """Return (name, CREATE statement) of each item index that the import does not need."""
    named = {index.name for index in WORK_ITEMS.model._meta.indexes} - {*KEPT}
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'projects_workitem'")
        return [(name, statement) for name, statement in cursor.fetchall() if name in named]

"""What the triggers count, counted once more."""

from __future__ import annotations

from django.db import connection

_COUNT = """(
    SELECT count(*) FROM projects_dependency link JOIN projects_workitem other ON other.id = link.{far}
    WHERE link.{near} = item.id AND link.dependency_type = 'blocks' AND link.deleted_at IS NULL
    AND other.deleted_at IS NULL AND other.status <> 'done')"""


def miscounted() -> list[int]:
    """Return the numbers of the items that have not as many open blockers, or blocked ones, as are said."""
    blockers = _COUNT.format(far="blocking_item_id", near="blocked_item_id")
    unblocks = _COUNT.format(far="blocked_item_id", near="blocking_item_id")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT item_number FROM projects_workitem item "
            f"WHERE open_blockers <> {blockers} OR unblocks <> {unblocks}"
        )
        return [number for (number,) in cursor.fetchall()]

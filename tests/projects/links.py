"""What the triggers count, counted once more."""

from __future__ import annotations

from django.db import connection

_COUNT = """(
    SELECT count(*) FROM projects_dependency link JOIN projects_workitem other ON other.id = link.{far}
    WHERE link.{near} = item.id AND link.dependency_type = 'blocks' AND link.deleted_at IS NULL
    AND other.deleted_at IS NULL AND other.status NOT IN ('done', 'cancelled'))"""

CURRENT = """EXISTS (
    SELECT 1 FROM projects_sprint sprint
    WHERE sprint.id = item.sprint_id AND sprint.status = 'active' AND sprint.deleted_at IS NULL)"""
GROUPS = """
    SELECT project_id, status, item_type, priority, count(*), coalesce(sum(story_points), 0),
        count(*) FILTER (WHERE open_blockers > 0)
    FROM projects_workitem WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4"""
KEPT = "SELECT * FROM projects_itemcount WHERE number <> 0 OR points <> 0 OR blocked <> 0"


def miscounted() -> list[object]:
    """Return the numbers of the items of which the triggers count other links, or another sprint, than there are.

    And the groups of a project's figures that have other items than are said.
    """
    blockers = _COUNT.format(far="blocking_item_id", near="blocked_item_id")
    unblocks = _COUNT.format(far="blocked_item_id", near="blocking_item_id")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT item_number FROM projects_workitem item "
            f"WHERE open_blockers <> {blockers} OR unblocks <> {unblocks} OR is_current <> {CURRENT}"
        )
        items = [number for (number,) in cursor.fetchall()]
        found, kept = (set(cursor.execute(query).fetchall()) for query in (GROUPS, KEPT))
        return [*items, *(found ^ kept)]

"""Rules between rows, checked after all rows are written because a file may list them in any order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from django.db import connection

from projects.transfer.converters import dashed
from projects.transfer.exceptions import bad_row
from projects.transfer.merge_plan import WRITTEN
from projects.transfer.tables import DEPENDENCIES, WORK_ITEMS, Table

MAX_NAMED = 20  # items of a cycle in a message

_PARENTS = f"""
    SELECT s.place, s.id, CASE
        WHEN parent.project_id <> t.project_id THEN 'the parent belongs to another project'
        WHEN t.item_type = 'story' THEN 'a story''s parent is an epic'
        ELSE 'a task''s parent is a story or an epic' END
    FROM {WORK_ITEMS.staged} s CROSS JOIN projects_workitem t ON t.id = s.id
    JOIN projects_workitem parent ON parent.id = t.parent_id
    WHERE s.act IN {WRITTEN} AND (parent.project_id <> t.project_id OR NOT (
        parent.item_type = 'epic' AND t.item_type IN ('story', 'task')
        OR parent.item_type = 'story' AND t.item_type = 'task'))
    ORDER BY s.place LIMIT 1
"""  # noqa: S608
_SPRINTS = f"""
    SELECT s.place, s.id, 'the sprint belongs to another project'
    FROM {WORK_ITEMS.staged} s CROSS JOIN projects_workitem t ON t.id = s.id
    JOIN projects_sprint sprint ON sprint.id = t.sprint_id
    WHERE s.act IN {WRITTEN} AND sprint.project_id <> t.project_id ORDER BY s.place LIMIT 1
"""  # noqa: S608
_ENDS = f"""
    SELECT s.place, s.id, 'the two items belong to different projects'
    FROM {DEPENDENCIES.staged} s JOIN projects_workitem a ON a.id = s.blocking_item_id
    JOIN projects_workitem b ON b.id = s.blocked_item_id
    WHERE s.act IN {WRITTEN} AND a.project_id <> b.project_id ORDER BY s.place LIMIT 1
"""  # noqa: S608
_EDGES = """
    SELECT d.blocking_item_id, d.blocked_item_id FROM projects_dependency d
    WHERE d.dependency_type = 'blocks' AND d.deleted_at IS NULL
"""


def check() -> None:
    """Raise BadFile if a written row breaks a rule that involves another row."""
    _refuse(WORK_ITEMS, "parent_id", _PARENTS)
    _refuse(WORK_ITEMS, "sprint_id", _SPRINTS)
    _refuse(DEPENDENCIES, "blocked_item_id", _ENDS)
    added = _added()
    if added:
        _refuse_circle(added)


def _refuse(table: Table, field: str, query: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query)
        for place, pk, message in cursor.fetchall():
            raise bad_row(table.collection, place, dashed(pk), field, message)


def _added() -> dict[tuple[str, str], tuple[int, str]]:
    """Return the written blocking dependencies: (blocking item, blocked item) -> (place, ID)."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT blocking_item_id, blocked_item_id, place, id FROM {DEPENDENCIES.staged} "  # noqa: S608
            f"WHERE act IN {WRITTEN} AND dependency_type = 'blocks'"
        )
        return {(blocking, blocked): (place, pk) for blocking, blocked, place, pk in cursor.fetchall()}


def _refuse_circle(added: dict[tuple[str, str], tuple[int, str]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_EDGES)
        edges = cursor.fetchall()
    blocks: dict[str, list[str]] = {}
    for blocking, blocked in edges:
        blocks.setdefault(blocking, []).append(blocked)
    circle = find_circle(blocks)
    if circle is None:
        return
    links = [pair for pair in pairwise(circle) if pair in added]
    if not links:  # the cycle existed before this import
        return
    place, pk = added[links[0]]
    raise bad_row(
        DEPENDENCIES.collection, place, dashed(pk), "blocked_item_id", f"creates a cycle: {_names(circle[:MAX_NAMED])}"
    )


def find_circle(blocks: dict[str, list[str]]) -> list[str] | None:
    """Return a cycle as a list whose first and last ID are the same, or None. Iterative depth-first search."""
    done: set[str] = set()
    for start in blocks:
        if start in done:
            continue
        path, on_path = [start], {start}
        branches: list[Iterator[str]] = [iter(blocks[start])]
        while branches:
            following = next(branches[-1], None)
            if following is None:
                branches.pop()
                left = path.pop()
                on_path.discard(left)
                done.add(left)
            elif following in on_path:
                return [*path[path.index(following) :], following]
            elif following not in done:
                path.append(following)
                on_path.add(following)
                branches.append(iter(blocks.get(following, ())))
    return None


def _names(ids: list[str]) -> str:
    marks = ", ".join(["%s"] * len(ids))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.id, p.key || '-' || t.item_number FROM projects_workitem t "  # noqa: S608
            f"JOIN projects_project p ON p.id = t.project_id WHERE t.id IN ({marks})",
            ids,
        )
        keys: dict[str, Any] = dict(cursor.fetchall())
    return " blocks ".join(keys[pk] for pk in ids)

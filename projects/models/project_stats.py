"""Project statistics, computed in a constant number of queries."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from projects.entities.work_item import CLOSED
from projects.loose_types import Json
from projects.models.project import Project
from projects.models.sprints.velocity import completed
from projects.models.work_items.choices import ItemType, Priority, Status

Group = tuple[str, str, str, int, int, int]  # status, type, priority, number, points, blocked
# Triggers keep this table up to date (projects/sqlite/triggers.sql).
_COUNTS = """
    SELECT status, item_type, priority, number, points, blocked FROM projects_itemcount
    WHERE project_id = %s AND number > 0
"""


def stats(project: Project) -> dict[str, Json]:
    """Return statistics of a project's living items; an item without points counts as 0 points.

    `blocked` is the number of open items, in any status, that have a living open blocker. `velocity` lists the points
    and items done in each completed sprint, oldest first, and the mean of the points.
    """
    groups = _groups(project)
    return {
        "project": project.key,
        "items": sum(group[3] for group in groups),
        "by_status": _count(Status.values, ((group[0], group[3]) for group in groups)),
        "by_type": _count(ItemType.values, ((group[1], group[3]) for group in groups)),
        "by_priority": _count(Priority.values, ((group[2], group[3]) for group in groups)),
        "points": {
            "done": sum(group[4] for group in groups if group[0] == Status.DONE),
            "open": sum(group[4] for group in groups if group[0] not in CLOSED),
        },
        "blocked": sum(group[5] for group in groups if group[0] not in CLOSED),
        "velocity": _velocity(project),
    }


def _groups(project: Project) -> list[Group]:
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [project.pk.hex])
        groups: list[Group] = cursor.fetchall()
        return groups


def _count(names: Iterable[str], pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    counts = dict.fromkeys(names, 0)
    for name, number in pairs:
        counts[name] += number
    return counts


def _velocity(project: Project) -> dict[str, Json]:
    past = completed(project)
    return {
        "sprints": [
            {"id": sprint.pk, "name": sprint.name, "end_date": sprint.end_date, "points": sprint.points}
            | {"items": sprint.items}
            for sprint in past
        ],
        "average": round(sum(sprint.points for sprint in past) / len(past), 2) if past else None,
    }

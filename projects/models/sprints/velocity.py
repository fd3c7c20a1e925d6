"""The velocity of a project, computed from its completed sprints."""

from __future__ import annotations

import datetime as dt
import statistics
import uuid
from collections.abc import Sequence
from typing import NamedTuple

from projects.models.project import Project
from projects.models.sprints.sprint import Sprint, Status, in_scope
from projects.models.work_items.choices import Status as ItemStatus

LATEST = 5  # sprints used for the velocity


class Completed(NamedTuple):
    """Totals of a completed sprint: the commitment, and the items done at its end."""

    pk: uuid.UUID
    name: str
    end_date: dt.date
    committed_points: int
    committed_items: int
    points: int
    items: int


class Velocity(NamedTuple):
    """The median over the latest `sprints` completed sprints; a median is robust against one unusual sprint."""

    points: float
    items: float
    sprints: int


def completed(project: Project, latest: int | None = None) -> list[Completed]:
    """Return the completed sprints of a project, or only the `latest`, oldest first; runs one query."""
    sprints = Sprint.objects.filter(project_id=project.pk, deleted_at__isnull=True, status=Status.COMPLETED)
    rows = sprints.order_by("-start_date", "-id").values_list("pk", "name", "end_date", "committed", "outcome")
    found = []
    for pk, name, end_date, committed, outcome in rows[:latest]:
        done = [row for row in outcome or [] if row["status"] == ItemStatus.DONE]
        committed = in_scope(committed or [])
        sums = (sum(row["story_points"] or 0 for row in some) for some in (committed, done))
        committed_points, points = sums
        found.append(Completed(pk, name, end_date, committed_points, len(committed), points, len(done)))
    return found[::-1]


def velocity(past: Sequence[Completed]) -> Velocity | None:
    """Return the current velocity, or None if no sprint was completed."""
    latest = past[-LATEST:]
    if not latest:
        return None
    points, items = [sprint.points for sprint in latest], [sprint.items for sprint in latest]
    return Velocity(statistics.median(points), statistics.median(items), len(latest))

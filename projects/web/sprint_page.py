"""The report part of the sprints page: a sprint's report with charts, and past sprints."""

from __future__ import annotations

import uuid

from projects.entities.work_item import CLOSED
from projects.loose_types import Context, Framework
from projects.models import Project, Sprint, WorkItem
from projects.models.sprints.history import histories
from projects.models.sprints.report import compare, total
from projects.models.sprints.sprint import Status
from projects.models.sprints.velocity import Completed, Velocity
from projects.web.charts.burndown import burndown
from projects.web.charts.drawing import Chart
from projects.web.charts.flow import flow
from projects.web.charts.velocity import velocity

ENDED = 50  # sprints per list
NAMED = 100  # items per list


class Report:
    """The result of a sprint as totals, lists and charts."""

    def __init__(self, sprint: Sprint) -> None:
        self.sprint = sprint
        committed = sprint.committed or []
        final = sprint.outcome if sprint.outcome is not None else sprint.snapshot()
        self.sums = {name: total(rows) for name, rows in compare(committed, final).items()}
        self.charts = [burndown_of(sprint, history := histories([sprint])[sprint.pk], "burndown")]
        self.charts.append(flow("flow", sprint.start_date, sprint.end_date, history))
        self.lists = self._lists()

    def _lists(self) -> list[tuple[str, str, list[Context]]]:
        """Return the lists of notable items with their current titles."""
        over = self.sprint.status != Status.ACTIVE
        names = {
            "carried_over": "Carried over" if over else "Still open",
            "added_after_start": "Added after the start",
            "removed": "Taken out",
        }
        shown = {name: self.sums[name]["items"][:NAMED] for name in names}
        ids = {uuid.UUID(row["id"]) for rows in shown.values() for row in rows}
        titles = dict(WorkItem.objects.filter(pk__in=ids).values_list("pk", "title"))
        return [
            (name, names[name], [{**row, "title": titles.get(uuid.UUID(row["id"]), "")} for row in rows])
            for name, rows in shown.items()
            if rows
        ]


def find_report(project: Project, wanted: str, started: list[Sprint]) -> Report | None:
    """Return the report of the sprint with ID `wanted`, else of the active sprint, else of the latest."""
    chosen = next((sprint for sprint in started if str(sprint.pk) == wanted), None)
    if chosen is None:
        chosen = min(started, key=lambda sprint: sprint.status != Status.ACTIVE, default=None)
    if chosen is None:
        return None
    return Report(Sprint.objects.select_related("project").get(pk=chosen.pk))


def burndown_of(sprint: Sprint, history: Framework, ident: str) -> Chart:
    """Return the burndown of a started sprint; `ident` is its element ID."""
    open_rows = [row for row in sprint.committed or () if row["status"] not in CLOSED]
    committed = sum(row["story_points"] or 0 for row in open_rows), len(open_rows)
    return burndown(ident, sprint.start_date, sprint.end_date, committed, history)


def velocity_of(past: list[Completed], so_far: Velocity | None) -> Chart | None:
    """Return the velocity chart, or None if no sprint is completed."""
    return velocity("velocity", past, so_far) if so_far is not None else None


def ended(project: Project) -> list[Sprint]:
    """Return ended and deleted sprints, latest first."""
    sprints = Sprint.objects.filter(project=project).exclude(
        deleted_at=None, status__in=(Status.PLANNED, Status.ACTIVE)
    )
    light = sprints.defer("committed", "outcome", "left_items").select_related("project")
    return list(light.order_by("-start_date", "-id")[:ENDED])


def started(project: Project) -> list[Sprint]:
    """Return living sprints with a report, latest first."""
    sprints = Sprint.objects.living().filter(project=project, started_at__isnull=False)
    light = sprints.defer("committed", "outcome", "left_items").select_related("project")
    return list(light.order_by("-start_date", "-id")[:ENDED])

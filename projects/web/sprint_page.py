"""The report part of the sprints page: a sprint's report with its burndown, and past sprints."""

from __future__ import annotations

import datetime as dt
import uuid

from projects.entities.work_item import CLOSED
from projects.loose_types import Context, Framework
from projects.models import Project, Sprint, WorkItem
from projects.models.sprints.history import histories
from projects.models.sprints.report import compare, total
from projects.models.sprints.sprint import Status
from projects.web.charts.burndown import burndown
from projects.web.charts.drawing import Chart

ENDED = 50  # sprints per list
NAMED = 100  # items per list


class Report:
    """The result of a sprint as totals, lists and a burndown."""

    def __init__(self, sprint: Sprint, zone: dt.tzinfo) -> None:
        self.sprint = sprint
        committed = sprint.committed or []
        final = sprint.outcome if sprint.outcome is not None else sprint.snapshot()
        self.sums = {name: total(rows) for name, rows in compare(committed, final).items()}
        self.history = histories([sprint], zone)[sprint.pk]
        self.burndown = burndown_of(sprint, self.history, "burndown")
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


def find_report(project: Project, wanted: str, started: list[Sprint], zone: dt.tzinfo) -> Report | None:
    """Return the report of the sprint with ID `wanted`, else of the active sprint, else of the latest."""
    chosen = find_sprint(wanted, started)
    return Report(chosen, zone) if chosen else None


def find_sprint(wanted: str, started: list[Sprint]) -> Sprint | None:
    """Return the sprint with ID `wanted`, else the active sprint, else the latest, with all its columns."""
    chosen = next((sprint for sprint in started if str(sprint.pk) == wanted), None)
    if chosen is None:
        chosen = min(started, key=lambda sprint: sprint.status != Status.ACTIVE, default=None)
    return Sprint.objects.select_related("project").get(pk=chosen.pk) if chosen else None


def burndown_of(sprint: Sprint, history: Framework, ident: str) -> Chart:
    """Return the burndown of a started sprint; `ident` is its element ID."""
    open_rows = [row for row in sprint.committed or () if row["status"] not in CLOSED]
    committed = sum(row["story_points"] or 0 for row in open_rows), len(open_rows)
    return burndown(ident, sprint.start_date, sprint.end_date, committed, history)


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

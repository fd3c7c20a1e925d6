"""The overview page's data for all projects, with a constant number of queries."""

from __future__ import annotations

import uuid
from datetime import date, tzinfo
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from projects.entities.work_item import CLOSED
from projects.insights.days import day_of
from projects.loose_types import FieldValue
from projects.models import Activity, Dependency, Project, Sprint, User, WorkItem
from projects.models.sprints.history import histories
from projects.models.work_items.queries import WorkItemQuerySet
from projects.web.activity_feed import Feed
from projects.web.sprint_page import burndown_of

SHOWN = 12  # rows per list
RECENT = 12  # blocks of activity


class Overview:
    """The lists of the page, each limited to its first rows."""

    def __init__(self, user: User, zone: tzinfo) -> None:
        self.now = timezone.now()
        self.projects: list[Any] = list(_projects())  # with the annotated totals
        living = WorkItem.objects.living().filter(project__status="active")
        self.in_progress = list(_cards(living.filter(status="in_progress")).order_by("-started_at")[:SHOWN])
        self.blocked = _blocked(living)
        self.ready = list(WorkItem.objects.all().ready(assignee=user.pk).select_related("project")[:SHOWN])
        self.sprints = _active(zone)
        self.changes = Feed(Activity.objects.exclude(entity_type="swim_lane"), zone, most=RECENT).blocks

    @property
    def has_items(self) -> bool:
        return any(project.items_total for project in self.projects)


def _projects() -> QuerySet[Project]:
    living = Q(work_items__deleted_at=None) & ~Q(work_items__status="cancelled")
    return (
        Project.objects.living()
        .annotate(
            items_total=Count("work_items", filter=living),
            items_done=Count("work_items", filter=living & Q(work_items__status="done")),
            items_now=Count("work_items", filter=living & Q(work_items__status="in_progress")),
        )
        .order_by("status", "key")
    )


def _cards(items: WorkItemQuerySet) -> WorkItemQuerySet:
    return items.select_related("project", "assignee", "claimed_by")


def _blocked(living: WorkItemQuerySet) -> list[tuple[WorkItem, list[WorkItem]]]:
    """Return the blocked items, each with its unfinished blockers."""
    waiting = Q(status="blocked") | Q(pk__in=living.blocked().values("pk"))
    items = list(living.unfinished().filter(waiting).select_related("project").order_by("urgency", "position")[:SHOWN])
    links = Dependency.objects.living().filter(dependency_type="blocks", blocked_item__in=items)
    blockers: dict[uuid.UUID, list[WorkItem]] = {}
    for link in links.exclude(blocking_item__status__in=CLOSED).select_related("blocking_item__project"):
        blockers.setdefault(link.blocked_item_id, []).append(link.blocking_item)
    return [(item, blockers.get(item.pk, [])) for item in items]


def _sprints() -> list[FieldValue]:
    """Return the active sprints with their totals, which a second query counts: rows with JSON can't be grouped."""
    sprints: list[FieldValue] = list(Sprint.objects.active().select_related("project")[:SHOWN])
    items = Q(work_items__deleted_at=None) & ~Q(work_items__status="cancelled")
    sums = (
        Sprint.objects.filter(pk__in=[sprint.pk for sprint in sprints])
        .order_by()
        .values("pk")
        .annotate(
            points=Sum("work_items__story_points", filter=items, default=0),
            points_done=Sum("work_items__story_points", filter=items & Q(work_items__status="done"), default=0),
            items_open=Count("work_items", filter=items & ~Q(work_items__status="done")),
        )
    )
    found = {row["pk"]: row for row in sums}
    for sprint in sprints:
        of_sprint = found[sprint.pk]
        sprint.points, sprint.points_done = of_sprint["points"], of_sprint["points_done"]
        sprint.items_open = of_sprint["items_open"]
    return sprints


def _active(zone: tzinfo) -> list[FieldValue]:
    """Return the active sprints, each with `days_left` and its burndown `chart`."""
    sprints = _sprints()
    days = histories(sprints, zone)
    today: date = day_of(timezone.now(), zone)
    for sprint in sprints:
        sprint.days_left = (sprint.end_date - today).days
        sprint.chart = burndown_of(sprint, days.get(sprint.pk, []), f"burndown-{sprint.pk}")
    return sprints

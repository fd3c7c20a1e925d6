"""The planning part of the sprints page: the backlog, planned sprints and the active sprint."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta, tzinfo
from urllib.parse import urlencode

from django.db.models import Count, F, Max, Q, Sum, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from projects.insights.days import day_of
from projects.loose_types import AnyRow, Context, Framework
from projects.models import Project, Sprint, WorkItem
from projects.models.sprints.sprint import Status
from projects.models.sprints.velocity import Velocity
from projects.models.work_items.queries import WorkItemQuerySet
from projects.web.card_surroundings import Surroundings
from projects.web.cards import SHOWN, Card
from projects.web.charts.drawing import amount

CAP = 50  # cards per list
CAP_MORE = 1000  # cards of a list after "Show more"
LENGTH = timedelta(days=13)  # from the first day to the last: two weeks
BACKLOG = "backlog"


@dataclass
class Column:
    """A list of cards: the backlog (`sprint` is None) or a sprint. The totals include hidden cards."""

    sprint: AnyRow
    items: int
    points: int
    done: int = 0
    done_points: int = 0
    above: str = ""  # the velocity, if the plan exceeds it
    cards: list[Card] = field(default_factory=list)
    rest_url: str = ""

    @property
    def rest(self) -> int:
        """Number of cards that are not shown."""
        return self.items - len(self.cards)

    @property
    def open(self) -> int:
        """Number of items that are not done."""
        return self.items - self.done


class Plan:
    """The contents of the page for a project and URL query. Uses a constant number of database queries."""

    def __init__(self, project: Project, query: Mapping[str, str], so_far: Velocity | None) -> None:
        self.project = project
        self.query = {name: value for name, value in query.items() if value}
        self.text = query.get("q", "").strip()
        self.wide = query.get("more", "").split(",")
        self.backlog = self._backlog()
        self.columns = [self._column(sprint, so_far) for sprint in open_sprints(project)]
        self._make_cards(self._backlog_rows(), self._sprint_rows())

    @property
    def is_empty(self) -> bool:
        return not self.text and not self.backlog.items and not any(column.items for column in self.columns)

    def _items(self) -> WorkItemQuerySet:
        items = backlog(self.project)
        return items.containing(self.text) if self.text else items

    def _backlog(self) -> Column:
        items = self._items()
        sums = items.aggregate(items=Count("pk"), points=Sum("story_points", default=0))
        column = Column(None, **sums)
        column.rest_url = self._more(BACKLOG)
        return column

    def _backlog_rows(self) -> list[Context]:
        if not self.backlog.items:
            return []
        items = self._items()
        cap = CAP_MORE if BACKLOG in self.wide else CAP
        return list(items.in_order()[:cap].values(*SHOWN))

    def _column(self, sprint: AnyRow, so_far: Velocity | None) -> Column:
        column = Column(sprint, sprint.items_all, sprint.points_all, sprint.items_done, sprint.points_done)
        column.above = above(so_far, column.points, column.items)
        column.rest_url = self._more(str(sprint.pk))
        return column

    def _sprint_rows(self) -> list[Context]:
        """Return the rows of all sprints, with one query."""
        if not any(column.items for column in self.columns):
            return []
        place = Window(RowNumber(), partition_by=F("sprint_id"), order_by=("position", "item_number"))
        items = WorkItem.objects.living().filter(sprint__in=[column.sprint.pk for column in self.columns])
        items = items.exclude(status="cancelled")
        wide = [uuid.UUID(str(column.sprint.pk)) for column in self.columns if str(column.sprint.pk) in self.wide]
        shown = items.annotate(place=place).filter(Q(place__lte=CAP) | Q(sprint__in=wide, place__lte=CAP_MORE))
        return list(shown.in_order().values(*SHOWN, "sprint_id"))

    def _make_cards(self, backlog: list[Context], planned: list[Context]) -> None:
        around = Surroundings(self.project, [*backlog, *planned])
        key = self.project.key
        self.backlog.cards = [Card(row, key, around) for row in backlog]
        columns = {column.sprint.pk: column for column in self.columns}
        for row in planned:
            columns[row["sprint_id"]].cards.append(Card(row, key, around))

    def _more(self, name: str) -> str:
        wide = {one for one in self.wide if one} | {name}
        return "" if name in self.wide else "?" + urlencode(self.query | {"more": ",".join(sorted(wide))})


def backlog(project: Project) -> WorkItemQuerySet:
    """Return open stories and tasks without a sprint."""
    items = WorkItem.objects.living().filter(project=project, sprint=None)
    return items.unfinished().exclude(item_type="epic")


def open_sprints(project: Project) -> Framework:
    """Return the active sprint, then the planned ones by start date, each with its totals."""
    living = Q(work_items__deleted_at=None) & ~Q(work_items__status="cancelled")
    done = living & Q(work_items__status="done")
    sprints = Sprint.objects.living().filter(project=project, status__in=(Status.ACTIVE, Status.PLANNED))
    return (
        sprints.defer("committed", "outcome", "left_items")
        .select_related("project")
        .annotate(
            items_all=Count("work_items", filter=living),
            items_done=Count("work_items", filter=done),
            points_all=Sum("work_items__story_points", filter=living, default=0),
            points_done=Sum("work_items__story_points", filter=done, default=0),
        )
        .order_by("status", "start_date", "id")
    )


def above(so_far: Velocity | None, points: int, items: int) -> str:
    """Return the velocity as text if the plan exceeds it, else ""."""
    if so_far is None:
        return ""
    planned, usual, unit = (points, so_far.points, "point") if so_far.points else (items, so_far.items, "item")
    return amount(usual, unit) if planned > usual else ""


def next_sprint(project: Project, zone: tzinfo) -> Context:
    """Return defaults for a new sprint: next number, starts after the last sprint or today, lasts two weeks."""
    sprints = Sprint.objects.living().filter(project=project)
    known = sprints.aggregate(count=Count("pk"), last=Max("end_date", filter=~Q(status=Status.CANCELLED)))
    today: date = day_of(timezone.now(), zone)
    start = max(today, known["last"] + timedelta(days=1)) if known["last"] else today
    return {"name": f"Sprint {known['count'] + 1}", "start_date": start, "end_date": start + LENGTH}

"""What the page of sprints shows of the work to come: the backlog beside the planned and the active sprints."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F, Max, Q, Sum, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from projects.models import Project, Sprint, WorkItem
from projects.models.sprint_life import Status
from projects.models.velocity import Velocity
from projects.models.work_item_query import WorkItemQuerySet
from projects.web.cards import SHOWN, Card, blockers
from projects.web.charts.drawing import amount
from projects.web.filters import Filters

CAP = 50  # cards of a list
CAP_MORE = 1000  # cards of a list whose rest was asked for
LENGTH = timedelta(days=13)  # from the first day to the last: two weeks
BACKLOG = "backlog"


@dataclass
class Column:
    """A list of cards: the backlog (`sprint` is None) or a sprint, with its sums whatever is shown of it."""

    sprint: Any
    items: int
    points: int
    done: int = 0
    done_points: int = 0
    above: str = ""  # what the velocity is, where more is planned
    cards: list[Card] = field(default_factory=list)
    rest_url: str = ""

    @property
    def rest(self) -> int:
        """How many cards are not shown."""
        return self.items - len(self.cards)

    @property
    def open(self) -> int:
        """How many items are not done."""
        return self.items - self.done


class Plan:
    """What the page of `project` shows under this query of its URL, by a constant number of queries."""

    def __init__(self, project: Project, query: Mapping[str, str], so_far: Velocity | None) -> None:
        self.project = project
        self.query = {name: value for name, value in query.items() if value}
        self.text = query.get("q", "").strip()
        self.wide = query.get("more", "").split(",")
        self.blockers = blockers(project)
        self.backlog = self._backlog()
        self.columns = [self._column(sprint, so_far) for sprint in open_sprints(project)]
        self._deal()

    @property
    def is_empty(self) -> bool:
        return not self.text and not self.backlog.items and not any(column.items for column in self.columns)

    def _backlog(self) -> Column:
        items = Filters({"q": self.text}).narrow(backlog(self.project), self.project)
        sums = items.aggregate(items=Count("pk"), points=Sum("story_points", default=0))
        column = Column(None, **sums)
        cap = CAP_MORE if BACKLOG in self.wide else CAP
        column.cards = self._cards(items.in_order()[:cap].values(*SHOWN)) if column.items else []
        column.rest_url = self._more(BACKLOG)
        return column

    def _column(self, sprint: Any, so_far: Velocity | None) -> Column:
        column = Column(sprint, sprint.items_all, sprint.points_all, sprint.items_done, sprint.points_done)
        column.above = above(so_far, column.points, column.items)
        column.rest_url = self._more(str(sprint.pk))
        return column

    def _deal(self) -> None:
        """Give each sprint its cards, all by one query."""
        if not any(column.items for column in self.columns):
            return
        place = Window(RowNumber(), partition_by=F("sprint_id"), order_by=("position", "item_number"))
        items = WorkItem.objects.living().filter(sprint__in=[column.sprint.pk for column in self.columns])
        wide = [uuid.UUID(str(column.sprint.pk)) for column in self.columns if str(column.sprint.pk) in self.wide]
        shown = items.annotate(place=place).filter(Q(place__lte=CAP) | Q(sprint__in=wide, place__lte=CAP_MORE))
        found: dict[uuid.UUID, list[dict[str, Any]]] = {}
        for row in shown.in_order().values(*SHOWN, "sprint_id"):
            found.setdefault(row["sprint_id"], []).append(row)
        for column in self.columns:
            column.cards = self._cards(found.get(column.sprint.pk, ()))

    def _cards(self, rows: Any) -> list[Card]:
        return [Card(row, self.project.key, self.blockers) for row in rows]

    def _more(self, name: str) -> str:
        wide = {one for one in self.wide if one} | {name}
        return "" if name in self.wide else "?" + urlencode(self.query | {"more": ",".join(sorted(wide))})


def backlog(project: Project) -> WorkItemQuerySet:
    """Return the open stories and tasks that are in no sprint."""
    items = WorkItem.objects.living().filter(project=project, sprint=None)
    return items.unfinished().exclude(item_type="epic")


def open_sprints(project: Project) -> Any:
    """Return the active sprint, then the planned ones by their start, each with its sums."""
    living = Q(work_items__deleted_at=None)
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
    """Return the velocity in words where more than that is planned, else ""."""
    if so_far is None:
        return ""
    planned, usual, unit = (points, so_far.points, "point") if so_far.points else (items, so_far.items, "item")
    return amount(usual, unit) if planned > usual else ""


def next_sprint(project: Project) -> dict[str, Any]:
    """Return what a new sprint begins with: the day after the last one ends, or today; two weeks; the next number."""
    sprints = Sprint.objects.living().filter(project=project)
    told = sprints.aggregate(count=Count("pk"), last=Max("end_date", filter=~Q(status=Status.CANCELLED)))
    today: date = timezone.now().date()
    start = max(today, told["last"] + timedelta(days=1)) if told["last"] else today
    return {"name": f"Sprint {told['count'] + 1}", "start_date": start, "end_date": start + LENGTH}

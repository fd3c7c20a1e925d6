"""The board page's data: lanes, their cards and the grouping of cards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

from django.db.models import Count
from django.http import HttpRequest
from django.utils import timezone

from projects.entities.work_item import STATUS_NAMES
from projects.loose_types import Context
from projects.models import Project, SwimLane, WorkItem, rights
from projects.models.work_items.queries import WorkItemQuerySet
from projects.web.card_surroundings import Surroundings
from projects.web.cards import SHOWN, Card
from projects.web.filters import Filters

CAP = 25  # cards of a lane, more than fit on a screen; the rest follow when the lane is scrolled
GROWTH = 3  # how many times as many cards a lane then shows
CAP_MORE = 1000  # cards of a lane at most
DONE_CAP = 20
DONE_DAYS = 14  # items completed earlier are hidden
KEPT = ("group",)  # parameters besides the filters
GROUPINGS = {"": "None", "epic": "Epic", "assignee": "Assignee"}


@dataclass
class Lane:
    """A column: a status with the name that the project gave it."""

    status: str
    name: str
    limit: int | None
    total: int  # without filters, of all types: this is what the limit counts
    found: int  # with filters, of the types that the grouping shows
    row: SwimLane | None = None
    items: list[Context] = field(default_factory=list)
    rest_url: str = ""
    grows: str = ""  # what `caps` takes for more cards, where they are loaded when the lane is scrolled
    is_folded: bool = False

    @property
    def is_over(self) -> bool:
        """Whether the lane exceeds its WIP limit."""
        return self.limit is not None and self.total > self.limit

    @property
    def rest(self) -> int:
        """Number of cards that are not shown."""
        return self.found - len(self.items)


@dataclass
class Group:
    """A row of the board: the cards of one epic or assignee, by lane."""

    name: str
    title: str
    values: dict[str, str]  # field values for cards dropped here
    cells: list[tuple[Lane, str, list[Card]]] = field(default_factory=list)
    count: int = 0


class Board:
    """The contents of the board for a project and URL query. Uses a constant number of database queries."""

    def __init__(self, project: Project, request: HttpRequest) -> None:
        query = request.GET
        self.project = project
        self.query = [(name, value) for name, values in query.lists() for value in values if value]
        self.filters = Filters(request, project, KEPT, closed=True, own={"group": [*GROUPINGS], "more": ()})
        self.grouping = query.get("group", "") if query.get("group") in GROUPINGS else ""
        self.caps = caps(query.get("more", ""))
        self.lanes = self._lanes()
        for lane in self.lanes:  # an empty one, among others, is a strip
            lane.is_folded = not lane.found and any(other.found for other in self.lanes)
        self.groups = list(self._groups())

    @property
    def is_empty(self) -> bool:
        return not any(lane.total for lane in self.lanes)

    @property
    def invitation(self) -> str:
        """How an empty board gets its first card."""
        return "" if self.project.is_read_only else "Add the first card at the top of a column."

    @property
    def may_shape(self) -> bool:
        """Whether the columns can be changed."""
        return not self.project.is_archived and rights.may_write(self.project.pk, "swim_lane")

    def _items(self) -> WorkItemQuerySet:
        items = self.filters.narrow(WorkItem.objects.living())
        return items.exclude(item_type="epic") if self.grouping == "epic" else items

    def _lanes(self) -> list[Lane]:
        totals = _counts(WorkItem.objects.living().filter(project=self.project))
        narrowed = self._items()
        found = _counts(narrowed) if self.filters or self.grouping == "epic" else totals
        named = {lane.status_value: lane for lane in SwimLane.objects.living().filter(project=self.project)}
        # Also show statuses without a lane; otherwise their items would be invisible. Cancelled items need no place.
        others = [status for status in STATUS_NAMES if status not in (*named, "cancelled")]
        statuses = [*named, *(status for status in others if totals.get(status))]
        lanes = []
        for status in statuses:
            lane = named.get(status)
            shown = Lane(
                status=status,
                name=lane.name if lane else STATUS_NAMES[status],
                limit=lane.wip_limit if lane else None,
                total=totals.get(status, 0),
                found=found.get(status, 0),
                row=lane,
            )
            if shown.found:
                shown.items = list(self._cards_of(narrowed.filter(status=status), status).values(*SHOWN))
            if shown.rest and (cap := self.caps.get(status, CAP)) < CAP_MORE:
                wider = {status: min(GROWTH * cap, CAP_MORE)}
                shown.rest_url = self._url(more=more(self.caps | wider))
                shown.grows = more(wider) if status != "done" or status in self.caps else ""
            lanes.append(shown)
        return lanes

    def _cards_of(self, items: WorkItemQuerySet, status: str) -> WorkItemQuerySet:
        cap = self.caps.get(status, CAP)
        if status != "done":
            return items.in_order()[:cap]
        items = items.order_by("-completed_at", "-item_number")
        if status in self.caps:
            return items[:cap]
        return items.filter(completed_at__gte=timezone.now() - timedelta(days=DONE_DAYS))[:DONE_CAP]

    def _url(self, **changes: str) -> str:
        return "?" + urlencode([*(pair for pair in self.query if pair[0] not in changes), *changes.items()])

    @property
    def cleared(self) -> str:
        """The URL without filters."""
        return "?" + urlencode(self.filters.hidden)

    @property
    def waiting(self) -> str:
        """The URL with what other items block, instead of what has the status blocked; "" without such a filter."""
        if self.filters.values.get("status") != ["blocked"]:
            return ""
        rest = [pair for pair in self.query if pair[0] != "status"]
        return "?" + urlencode([*rest, ("blocked", "any")])

    def _groups(self) -> Iterable[Group]:
        cells: dict[tuple[str, str], list[Card]] = {}
        around = Surroundings(self.project, [item for lane in self.lanes for item in lane.items])
        for lane in self.lanes:
            for item in lane.items:
                card = Card(item, self.project.key, around, shows_sprint=True)
                cells.setdefault((self._group_of(item), lane.status), []).append(card)
        for group in self._headings({name for name, _ in cells}):
            for lane in self.lanes:
                cards = cells.get((group.name, lane.status), [])
                group.cells.append((lane, urlencode({"status": lane.status, **group.values}), cards))
                group.count += len(cards)
            yield group

    def _group_of(self, item: Context) -> str:
        if self.grouping == "assignee":
            return item["assignee__username"] or ""
        if self.grouping != "epic":
            return ""
        if item["parent__item_type"] == "epic":
            return str(item["parent__item_number"])
        return str(item["parent__parent__item_number"] or "")

    def _headings(self, names: set[str]) -> Iterable[Group]:
        """Yield the groups in order, without cards; the group for "none" comes last."""
        if self.grouping == "assignee":
            yield from (Group(name, name, {"assignee": name}) for name in sorted(names - {""}, key=str.casefold))
            yield Group("", "Unassigned", {"assignee": ""})
        elif self.grouping == "epic":
            epics = WorkItem.objects.living().filter(project=self.project, item_type="epic").in_order()
            for number, title in epics.values_list("item_number", "title"):
                if str(number) in names:
                    yield Group(str(number), title, {"epic": f"{self.project.key}-{number}"})
            yield Group("", "No epic", {"epic": ""})
        else:
            yield Group("", "", {})


def caps(value: str) -> dict[str, int]:
    """Return how many cards the lists show that `value` names, such as `todo.90,done`; others show CAP."""
    found = {}
    for name, _, number in (part.partition(".") for part in value.split(",") if part):
        small = number.isdecimal() and len(number) < len(str(CAP_MORE))
        found[name] = int(number) if small else CAP_MORE
    return found


def more(numbers: Mapping[str, int]) -> str:
    """Return the value for `caps`."""
    return ",".join(f"{name}.{number}" for name, number in sorted(numbers.items()))


def _counts(items: WorkItemQuerySet) -> dict[str, int]:
    return dict(items.order_by().values_list("status").annotate(count=Count("*")))

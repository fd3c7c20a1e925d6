"""The groups of a list: which there are, how many items each has, and the items of one page of them."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Count, Q

from projects.entities.work_item import PRIORITIES, STATUS_NAMES
from projects.loose_types import Context, FieldValue
from projects.models import Project, Sprint, User, WorkItem
from projects.models.work_items.choices import ItemType
from projects.models.work_items.queries import WorkItemQuerySet

_COLUMNS = {"project": "project_id", "assignee": "assignee_id", "sprint": "sprint_id"}
_SPRINTS = ("active", "planned", "completed", "cancelled")


@dataclass
class Group:
    """A group of the list: the value of its rows, its heading, which items it has, and how many."""

    value: FieldValue
    name: str
    condition: Q
    count: int
    key: str = ""  # of the epic
    is_continued: bool = False  # from the page before

    @property
    def id(self) -> str:
        """The group's name in IDs of elements."""
        return str(self.value).replace(" ", "-") if self.value is not None else "none"


class Groups:
    """The groups of `items`, which are filtered, in the order in which the page shows them.

    A constant number of queries, each in the order of an index: one counts the items of each group, one names the
    groups, and at most three get the rows of a page.
    """

    def __init__(self, items: WorkItemQuerySet, grouping: str, project: Project | None) -> None:
        self.project = project
        self._epics: dict[uuid.UUID | None, uuid.UUID | None] = {}
        makers: dict[str, Callable[[WorkItemQuerySet], Iterable[Group]]] = {
            "status": self._by_status,
            "priority": self._by_priority,
            "assignee": self._by_assignee,
            "sprint": self._by_sprint,
            "epic": self._by_epic,
            "project": self._by_project,
        }
        self.column = _COLUMNS.get(grouping, grouping)
        self.grouping = grouping
        self.items = items.exclude(item_type=ItemType.EPIC) if grouping == "epic" else items
        make = makers.get(grouping)
        self.groups = [group for group in make(self.items) if group.count] if make else [self._all()]
        self.total = sum(group.count for group in self.groups)

    def page(
        self, start: int, length: int, order: tuple[str, ...], columns: tuple[str, ...]
    ) -> list[tuple[Group, list[Context]]]:
        """Return the groups of a page with their rows: the rows `start` to `start + length` of all groups."""
        windows: list[tuple[Group, int, int]] = []
        place = 0
        for group in self.groups:
            low, high = max(start - place, 0), min(start + length - place, group.count)
            if low < high:
                group.is_continued = low > 0
                windows.append((group, low, high))
            place += group.count
        # Only the first and the last group can be cut.
        ends = windows[:1] + windows[1:][-1:]
        whole = [group for group, _, _ in windows[1:-1]]
        found: dict[int, list[Context]] = {}
        for group, low, high in ends:
            rows = self.items.filter(group.condition).order_by(*order).values(*columns)
            found[id(group)] = list(rows[low:high])
        if whole:
            by_value = {group.value: group for group in whole}
            either = reduce(or_, (group.condition for group in whole))
            for row in self.items.filter(either).order_by(*order).values(*columns):
                found.setdefault(id(by_value[self._value_of(row)]), []).append(row)
        return [(group, found.get(id(group), [])) for group, _, _ in windows]

    def _value_of(self, row: Context) -> FieldValue:
        if self.grouping == "epic":
            return self._epics.get(row["parent_id"])
        return row[self.column]

    def _all(self) -> Group:
        return Group("all", "", Q(), self.items.count())

    def _counts(self, items: WorkItemQuerySet, column: str) -> dict[FieldValue, int]:
        return dict(items.order_by().values_list(column).annotate(count=Count("pk")))

    def _by_status(self, items: WorkItemQuerySet) -> Iterable[Group]:
        counts = self._counts(items, "status")
        for status, name in STATUS_NAMES.items():
            yield Group(status, name, Q(status=status), counts.get(status, 0))

    def _by_priority(self, items: WorkItemQuerySet) -> Iterable[Group]:
        counts = self._counts(items, "urgency")
        for name in reversed(PRIORITIES):
            rank = WorkItem.rank_of(name)
            yield Group(name, name.capitalize(), Q(urgency=rank), counts.get(rank, 0))

    def _by_assignee(self, items: WorkItemQuerySet) -> Iterable[Group]:
        counts = self._counts(items, "assignee_id")
        names = User.objects.filter(pk__in=[pk for pk in counts if pk]).values_list("pk", "username")
        for pk, name in sorted(names, key=lambda row: row[1].casefold()):
            yield Group(pk, name, Q(assignee=pk), counts[pk])
        yield Group(None, "Nobody", Q(assignee=None), counts.get(None, 0))

    def _by_sprint(self, items: WorkItemQuerySet) -> Iterable[Group]:
        counts = self._counts(items, "sprint_id")
        sprints = Sprint.objects.filter(pk__in=[pk for pk in counts if pk]).order_by("start_date")
        for sprint in sorted(sprints, key=lambda one: _SPRINTS.index(one.status)):
            yield Group(sprint.pk, sprint.name, Q(sprint=sprint.pk), counts[sprint.pk])
        yield Group(None, "No sprint", Q(sprint=None), counts.get(None, 0))

    def _by_project(self, items: WorkItemQuerySet) -> Iterable[Group]:
        counts = self._counts(items, "project_id")
        for project in Project.objects.living().order_by("key"):
            count = counts.get(project.pk, 0)
            yield Group(project.pk, f"{project.key} {project.title}", Q(project=project.pk), count)

    def _by_epic(self, items: WorkItemQuerySet) -> Iterable[Group]:
        """Items are counted by parent; an item below a story counts for the story's epic."""
        above = WorkItem.objects.living().filter(item_type__in=(ItemType.EPIC, ItemType.STORY))
        above = above.filter(project=self.project) if self.project else above
        self._epics = {
            pk: pk if kind == ItemType.EPIC else parent
            for pk, parent, kind in above.order_by().values_list("pk", "parent_id", "item_type")
        }
        counts: Counter[FieldValue] = Counter()
        parents: dict[uuid.UUID, list[FieldValue]] = {}
        for parent, count in self._counts(items, "parent_id").items():
            epic = self._epics.get(parent)
            counts[epic] += count
            if epic is not None:
                parents.setdefault(epic, []).append(parent)
        epics = WorkItem.objects.filter(pk__in=[pk for pk in counts if pk]).select_related("project")
        for item in epics.order_by("project__key", "position", "item_number"):
            yield Group(item.pk, item.title, Q(parent__in=parents[item.pk]), counts[item.pk], key=item.display_key)
        without = Q(parent=None) | Q(parent__item_type=ItemType.STORY, parent__parent=None)
        yield Group(None, "No epic", without, counts.get(None, 0))

"""The groups of a list: which there are, how many items each has, and the items of one page of them."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db import connection
from django.db.models import Count, Q

from projects.django_private import compiled_values
from projects.entities.work_item import PRIORITIES, STATUS_NAMES
from projects.loose_types import AnyQuerySet, Context, FieldValue
from projects.models import Project, Sprint, User, WorkItem
from projects.models.prepared_queries import Counts
from projects.models.work_items.choices import ItemType
from projects.models.work_items.queries import WorkItemQuerySet

MOST = 10_000  # items that a list goes through
_INDEXED = ("position", "pk")  # the order of an index that has the columns of most filters and groups
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

    A constant number of queries: two count the items of each group and name the groups, and at most six get the rows
    of a page.
    """

    def __init__(self, items: WorkItemQuerySet, grouping: str, project: Project | None) -> None:
        self.project = project
        self._epics: dict[FieldValue, FieldValue] = {}
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
        make = makers.get(grouping, self._all)
        self.groups = [group for group in make(self.items) if group.count]
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
        whole = [group for group, _, _ in windows[1:-1]]
        pks: list[uuid.UUID] = []
        for group, low, high in windows[:1] + windows[1:][-1:]:
            found = self.items.filter(group.condition).order_by(*order)
            pks += found.values_list("pk", flat=True)[low:high]  # covering index: the skipped rows are never read
        if whole:
            either = reduce(or_, (group.condition for group in whole))
            pks += self.items.filter(either).values_list("pk", flat=True)
        rows: dict[FieldValue, list[Context]] = {}
        for row in WorkItem.objects.filter(pk__in=pks).order_by(*order).values(*columns):
            rows.setdefault(self._value_of(row), []).append(row)
        return [(group, rows.get(group.value, [])) for group, _, _ in windows]

    def _value_of(self, row: Context) -> FieldValue:
        if self.grouping == "epic":
            return self._epics.get(row["parent_id"])
        return row.get(self.column)

    def _all(self, items: WorkItemQuerySet) -> Iterator[Group]:
        yield Group(None, "", Q(), _capped(items).count())

    def _counts(self, items: WorkItemQuerySet, column: str) -> dict[FieldValue, int]:
        return dict(items.order_by().values_list(column).annotate(count=Count("*")))

    def _indexed_counts(self, items: WorkItemQuerySet, column: str) -> dict[FieldValue, int]:
        """Count by a column that the index has; SQLite would read the rows of all items instead."""
        sql, parameters = compiled_values(items.order_by(*_INDEXED).values_list(column)[: 1 << 31])
        if not sql:
            return {}
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {column}, count(*) FROM ({sql}) items GROUP BY 1", parameters)  # noqa: S608 -- compiled by Django
            return {uuid.UUID(pk) if pk else None: count for pk, count in cursor.fetchall()}

    def _by_status(self, items: WorkItemQuerySet) -> Iterator[Group]:
        counts = self._counts(items, "status")
        for status, name in STATUS_NAMES.items():
            yield Group(status, name, Q(status=status), counts.get(status, 0))

    def _by_priority(self, items: WorkItemQuerySet) -> Iterator[Group]:
        counts = self._counts(items, "urgency")
        for name in reversed(PRIORITIES):
            rank = WorkItem.rank_of(name)
            yield Group(name, name.capitalize(), Q(urgency=rank), counts.get(rank, 0))

    def _by_assignee(self, items: WorkItemQuerySet) -> Iterator[Group]:
        counts = self._indexed_counts(items, "assignee_id")
        names = User.objects.filter(pk__in=[pk for pk in counts if pk]).values_list("pk", "username")
        for pk, name in sorted(names, key=lambda row: row[1].casefold()):
            yield Group(pk, name, Q(assignee=pk), counts[pk])
        yield Group(None, "Nobody", Q(assignee=None), counts.get(None, 0))

    def _by_sprint(self, items: WorkItemQuerySet) -> Iterator[Group]:
        counts = self._counts(items, "sprint_id")
        sprints = Sprint.objects.filter(pk__in=[pk for pk in counts if pk]).order_by("start_date")
        for sprint in sorted(sprints, key=lambda one: _SPRINTS.index(one.status)):
            yield Group(sprint.pk, sprint.name, Q(sprint=sprint.pk), counts[sprint.pk])
        yield Group(None, "No sprint", Q(sprint=None), counts.get(None, 0))

    def _by_project(self, items: WorkItemQuerySet) -> Iterator[Group]:
        projects = list(Project.objects.living().order_by("key"))
        querysets = [_capped(items.filter(project=project)) for project in projects]
        counts = Counts(querysets).numbers() if querysets else ()
        for project, count in zip(projects, counts, strict=True):
            yield Group(project.pk, f"{project.key} {project.title}", Q(project=project.pk), count)

    def _by_epic(self, items: WorkItemQuerySet) -> Iterator[Group]:
        """Items are counted by parent; an item below a story counts for the story's epic."""
        counts: Counter[FieldValue] = Counter()
        parents: dict[FieldValue, list[FieldValue]] = {}
        by_parent = self._indexed_counts(items, "parent_id")
        above = WorkItem.objects.living().filter(item_type__in=(ItemType.EPIC, ItemType.STORY))
        above = above.filter(project=self.project) if self.project else above
        rows = above.order_by("project__key", "position", "pk").values_list(
            "pk", "parent_id", "item_type", "project__key", "item_number", "title"
        )
        epics = []
        for pk, parent, kind, key, number, title in rows:
            self._epics[pk] = pk if kind == ItemType.EPIC else parent
            if kind == ItemType.EPIC:
                epics.append((pk, f"{key}-{number}", title))
        for pk, count in by_parent.items():
            epic = self._epics.get(pk)
            counts[epic] += count
            parents.setdefault(epic, []).append(pk)
        for epic, key, title in epics:
            if counts[epic]:
                yield Group(epic, title, Q(parent__in=parents[epic]), counts[epic], key=key)
        without = Q(parent=None) | Q(parent__item_type=ItemType.STORY, parent__parent=None)
        yield Group(None, "No epic", without, counts.get(None, 0))


def _capped(items: WorkItemQuerySet) -> AnyQuerySet:
    """Return the IDs of at most one item more than the list goes through, by an index."""
    return items.order_by(*_INDEXED).values_list("pk")[: MOST + 1]

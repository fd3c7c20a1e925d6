"""The filtered items below their epics and stories, with the progress of each."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import Count, Sum

from projects.entities.work_item import STATUS_NAMES
from projects.loose_types import Context
from projects.models import WorkItem
from projects.models.work_items.choices import ItemType
from projects.models.work_items.queries import WorkItemQuerySet
from projects.web.list_rows import SHOWN, Row, name_blockers

MOST = 500  # items that match; the page says that it leaves others out
ABOVE = (ItemType.EPIC, ItemType.STORY)


@dataclass
class Progress:
    """What is below an item: how many items and points, and how many of them are done. Cancelled items don't count."""

    items: int = 0
    done: int = 0
    points: int = 0
    points_done: int = 0

    def __iadd__(self, other: Progress) -> Progress:
        self.items += other.items
        self.done += other.done
        self.points += other.points
        self.points_done += other.points_done
        return self


@dataclass
class Branch:
    """An item of the tree. It `is_context` if it doesn't match the filters itself, but something below it does."""

    row: Row
    progress: Progress
    is_context: bool
    branches: list[Branch] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return str(self.row.item["item_type"])

    @property
    def status(self) -> str:
        return STATUS_NAMES[self.row.item["status"]]


class Tree:
    """The tree of `items`, which are filtered. Uses seven queries, whatever the number of items."""

    def __init__(self, items: WorkItemQuerySet) -> None:
        rows = list(items.order_by("position", "pk").values(*SHOWN)[: MOST + 1])
        self.is_cut = len(rows) > MOST
        rows = rows[:MOST]
        self.matching = len(rows)
        found = {row["pk"]: row for row in rows}
        matching = set(found)
        for _ in range(2):  # stories, then epics
            above = {row["parent_id"] for row in found.values()} - found.keys() - {None}
            parents = WorkItem.objects.living().filter(pk__in=above).order_by("position", "pk")
            found |= {row["pk"]: row for row in parents.values(*SHOWN)}
        progress = _progress([pk for pk, row in found.items() if row["item_type"] in ABOVE])
        branches = {}
        for pk, row in sorted(found.items(), key=_place):
            branches[pk] = Branch(Row(row, ()), progress[pk], pk not in matching)
        name_blockers([branch.row for branch in branches.values()])
        self.branches: list[Branch] = []
        for pk, branch in branches.items():
            parent = branches.get(found[pk]["parent_id"])
            (parent.branches if parent else self.branches).append(branch)


def _place(entry: tuple[uuid.UUID, Context]) -> tuple[str, bool, str, int]:
    """Epics first, then in the order of the board."""
    row = entry[1]
    return row["project__key"], row["item_type"] != ItemType.EPIC, row["position"], row["item_number"]


def _progress(pks: list[uuid.UUID]) -> defaultdict[uuid.UUID, Progress]:
    """Return the progress of these epics and stories: two queries, which sum up the items by parent."""
    stories = WorkItem.objects.living().filter(item_type=ItemType.STORY, parent__in=pks)
    epic_of = dict(stories.order_by().values_list("pk", "parent_id"))
    items = WorkItem.objects.living().filter(parent__in={*pks, *epic_of}).exclude(status="cancelled")
    found: defaultdict[uuid.UUID, Progress] = defaultdict(Progress)
    counts = items.order_by().values_list("parent_id", "status")
    for parent, status, count, points in counts.annotate(count=Count("*"), points=Sum("story_points", default=0)):
        is_done = status == "done"
        found[parent] += Progress(count, count * is_done, points, points * is_done)
    for story, epic in epic_of.items():
        if story in found:
            found[epic] += found[story]
    return found

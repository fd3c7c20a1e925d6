"""An in-memory reference model of the board rules, to compare the real board with."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError

from projects.entities.work_item import CLOSED
from projects.models.exceptions import Claimed, Conflict, Cycle, HasBlockers, HasChildren, NotReady

PARENTS = {"epic": (), "story": ("epic",), "task": ("epic", "story")}
Refusal = type[Exception] | None


@dataclass(eq=False)
class Item:
    pk: uuid.UUID
    number: int
    kind: str
    parent: Item | None = None
    status: str = "backlog"
    priority: str = "medium"
    sprint: Sprint | None = None
    deletion: int | None = None  # number of the deletion that removed it
    claimed: bool = False
    before: str = "backlog"  # the status before the claim


@dataclass(eq=False)
class Sprint:
    pk: uuid.UUID
    status: str = "planned"


@dataclass(eq=False)
class Link:
    pk: uuid.UUID
    blocking: Item
    blocked: Item
    kind: str
    deleted: bool = False


@dataclass
class Board:
    items: list[Item] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    sprints: list[Sprint] = field(default_factory=list)
    deletions: int = 0

    def children(self, item: Item) -> list[Item]:
        return [child for child in self.items if child.parent is item]

    def living_children(self, item: Item) -> list[Item]:
        return [child for child in self.children(item) if child.deletion is None]

    def below(self, item: Item) -> list[Item]:
        return [each for child in self.children(item) for each in (child, *self.below(child))]

    def above(self, item: Item) -> list[Item]:
        return [] if item.parent is None else [item.parent, *self.above(item.parent)]

    def links_across(self, item: Item, parent: Item) -> bool:
        """Return True if the item or one below it is linked to one that would be above it."""
        inside, outside = [item, *self.below(item)], [parent, *self.above(parent)]
        ends = [(link.blocking, link.blocked) for link in self._blocks()]
        return any((one, other) in ends or (other, one) in ends for one in inside for other in outside)

    def open_children(self, item: Item) -> list[Item]:
        return [child for child in self.living_children(item) if child.status not in CLOSED]

    def blockers(self, item: Item) -> list[Item]:
        ends = [link.blocking for link in self._blocks() if link.blocked is item]
        return [end for end in ends if end.deletion is None and end.status not in CLOSED]

    def ready(self) -> list[Item]:
        return [
            item
            for item in self.items
            if item.deletion is None and item.status in ("backlog", "todo") and not self.obstacles(item)
        ]

    def obstacles(self, item: Item) -> list[Item]:
        """Return the open children of the item, and the open blockers of it and of those above it."""
        return [*self.open_children(item), *(one for each in (item, *self.above(item)) for one in self.blockers(each))]

    def reaches(self, start: Item, end: Item) -> bool:
        seen, ways = set(), [start]
        while ways:
            item = ways.pop()
            if item is end:
                return True
            if item not in seen:
                seen.add(item)
                ways += [link.blocked for link in self._blocks() if link.blocking is item]
        return False

    # Checks: the exception that an operation would raise, or None.

    def refuses_parent(self, kind: str, parent: Item | None) -> Refusal:
        wrong = parent is not None and (parent.deletion is not None or parent.kind not in PARENTS[kind])
        return ValidationError if wrong else None

    def refuses_status(self, item: Item, status: str, force: bool) -> Refusal:
        if item.deletion is not None:
            return Conflict
        if status not in CLOSED or force or item.status == status:
            return None
        if self.open_children(item):
            return HasChildren
        return HasBlockers if status == "done" and self.blockers(item) else None

    def refuses_sprint(self, item: Item, sprint: Sprint | None) -> Refusal:
        if item.deletion is not None:
            return Conflict
        if sprint is None or item.sprint is sprint:
            return None
        return ValidationError if item.kind == "epic" else Conflict if sprint.status == "completed" else None

    def refuses_claim(self, item: Item) -> Refusal:
        if item.deletion is not None:
            return Conflict
        if item.status in CLOSED:
            return Conflict
        if item.claimed:
            return Claimed
        return NotReady if item.status in ("review", "blocked") or self.obstacles(item) else None

    def claim(self, item: Item) -> None:
        item.before, item.status, item.claimed = item.status, "in_progress", True

    def refuses_delete(self, item: Item, recursive: bool) -> Refusal:
        if item.deletion is not None:
            return Conflict
        return HasChildren if self.living_children(item) and not recursive else None

    def refuses_restore(self, item: Item) -> Refusal:
        orphan = item.parent is not None and item.parent.deletion is not None
        return Conflict if item.deletion is None or orphan else None

    def refuses_link(self, blocking: Item, blocked: Item, kind: str) -> Refusal:
        if blocking is blocked or blocking.deletion is not None or blocked.deletion is not None:
            return ValidationError
        if kind == "blocks" and (blocking in self.above(blocked) or blocked in self.above(blocking)):
            return Conflict
        if kind == "blocks" and self.reaches(blocked, blocking):
            return Cycle
        same = [link for link in self.links if (link.blocking, link.blocked) == (blocking, blocked)]
        return Conflict if any(not link.deleted for link in same) else None

    # Operations.

    def set_status(self, item: Item, status: str) -> None:
        item.status = status
        item.claimed = item.claimed and status == "in_progress"

    def delete(self, item: Item) -> None:
        self.deletions += 1
        for each in (item, *self.below(item)):
            if each.deletion is None:
                each.deletion = self.deletions

    def restore(self, item: Item) -> None:
        deletion = item.deletion
        for each in (item, *self.below(item)):
            if each.deletion == deletion:
                each.deletion = None

    def complete(self, sprint: Sprint) -> None:
        sprint.status = "completed"
        for item in self.items:
            if item.sprint is sprint and item.deletion is None and item.status not in CLOSED:
                item.sprint = None

    def _blocks(self) -> list[Link]:
        return [link for link in self.links if link.kind == "blocks" and not link.deleted]

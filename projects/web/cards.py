"""Cards of the board and the sprints page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone
from django.utils.text import Truncator

from projects.entities.work_item import CLOSED, STATUS_NAMES
from projects.loose_types import Context
from projects.models.work_items.choices import MAX_IDLE_LEASES, ItemType, Priority
from projects.models.work_items.claimable import PAUSED
from projects.models.work_items.item import progress_of
from projects.today import today
from projects.web.avatars import hue, initials
from projects.web.card_surroundings import WORKED, Blocker, Surroundings, in_short

# Only the columns a card shows: descriptions can be long, and a board has thousands of cards.
SHOWN = (
    "id",
    "item_number",
    "version",
    "item_type",
    "title",
    "status",
    "priority",
    "story_points",
    "criteria_ticked",
    "criteria_total",
    "due_date",
    "labels",
    "assignee__username",
    "assignee__is_agent",
    "claimed_by__username",
    "claimed_by__is_agent",
    "lease_expires_at",
    "idle_leases",
    "closing",
    "started_at",
    "updated_at",
    "sprint__name",
    "parent__title",
    "parent__item_type",
    "parent__item_number",
    "parent__parent__item_number",
)
LEAST_AGE = 3  # days in a status, from which on a card shows them
LONGEST_SPRINT, LONGEST_BLOCKER = 20, 60  # characters
MOST_BLOCKERS = 3  # that are named
CLOSINGS = {"waived": "Waived: closed without evidence", "warned": "Closed with a warning"}


class Mark(NamedTuple):
    """One of the small signs on a card: its meaning in words, and maybe a short text. Its class has the icon."""

    name: str  # its class, see css/board.css
    hint: str
    text: str = ""
    edits: str = ""  # the field that a click edits
    leads: str = ""  # the key of the item to which a click leads
    prefix: str = ""  # what comes before the text where there is room


class Card:
    """A card for one item, built from a row of SHOWN."""

    __slots__ = ("around", "item", "key", "marks", "project_key", "shows_sprint", "until")

    def __init__(self, item: Context, project_key: str, around: Surroundings, *, shows_sprint: bool = False) -> None:
        self.shows_sprint = shows_sprint
        self.item = item
        self.project_key = project_key
        self.key = f"{project_key}-{item['item_number']}"
        self.around = around
        until = item["lease_expires_at"]
        self.until: datetime | None = until if until and until > timezone.now() else None
        self.marks = list(self._marks())

    @property
    def parent_key(self) -> str:
        number = self.item["parent__item_number"]
        return f"{self.project_key}-{number}" if number else ""

    @property
    def is_open(self) -> bool:
        return self.item["status"] not in CLOSED

    @property
    def status(self) -> str:
        return STATUS_NAMES[self.item["status"]]

    @property
    def blockers(self) -> list[Blocker]:
        return self.around.blockers.get(self.item["id"], []) if self.is_open else []

    @property
    def is_blocked(self) -> bool:
        return bool(self.blockers) or self.item["status"] == "blocked"

    @property
    def age(self) -> int:
        """The days that the item has its status at least, if it is in work."""
        if self.item["status"] not in WORKED:
            return 0
        since = self.around.since.get(self.item["id"]) or self.item["started_at"] or self.item["updated_at"]
        return (timezone.now() - since).days

    @property
    def is_overdue(self) -> bool:
        due = self.item["due_date"]
        return due is not None and due < today() and self.is_open

    @property
    def claimed_by(self) -> str:
        return self.item["claimed_by__username"] if self.until else ""

    @property
    def waits(self) -> bool:
        """Whether the lease stands still until a question is answered."""
        return self.until is not None and self.until >= PAUSED

    @property
    def minutes(self) -> int:
        """The minutes that are left of the lease."""
        return math.ceil((self.until - timezone.now()).total_seconds() / 60) if self.until else 0

    @property
    def is_stuck(self) -> bool:
        return self.is_open and not self.claimed_by and self.item["idle_leases"] >= MAX_IDLE_LEASES

    @property
    def initials(self) -> str:
        return initials(self.item["assignee__username"])

    @property
    def hue(self) -> int:
        return hue(self.item["assignee__username"])

    def _marks(self) -> Iterator[Mark]:
        """Yield the marks in their order, which is the same on all cards: the first ones are always there."""
        item, pk = self.item, self.item["id"]
        yield _TYPES[item["item_type"]]
        yield _PRIORITIES[item["priority"]]
        if self.is_blocked:
            yield _blocked(self.key, self.blockers)
        if pk in self.around.asked and self.is_open:
            yield Mark("asked", "A question is open")
        if self.is_stuck:
            yield Mark("stuck", f"Stuck: {item['idle_leases']} claims expired without progress")
        if item["closing"] in CLOSINGS:
            yield Mark("stuck", CLOSINGS[item["closing"]])
        if checks := self.around.checks.get(pk):
            name = "failed" if checks.failed else "passed" if checks.done == checks.total else "unsure"
            yield Mark(name, f"{checks.done} of {checks.total} checks passed")
        if due := item["due_date"]:
            day = f"{due.day} {due:%b}"
            yield Mark("overdue" if self.is_overdue else "due", _due(day, is_over=self.is_overdue), day)
        if children := self.around.children.get(pk):
            text = progress_of(children.done, children.total)
            yield Mark("children", f"{children.done} of {children.total} children done", text)
        if item["criteria_total"]:
            text = progress_of(item["criteria_ticked"], item["criteria_total"])
            hint = f"{item['criteria_ticked']} of {item['criteria_total']} acceptance criteria ticked"
            yield Mark("criteria", hint, text)
        if comments := self.around.comments.get(pk):
            yield Mark("comments", f"{comments} comment{'' if comments == 1 else 's'}", str(comments))
        if (age := self.age) >= LEAST_AGE:
            yield Mark("age", f"In this status for {age} days", f"{age} d")
        if self.shows_sprint and item["sprint__name"]:
            yield Mark(
                "sprint", f"Sprint: {item['sprint__name']}", Truncator(item["sprint__name"]).chars(LONGEST_SPRINT)
            )


def _blocked(key: str, blockers: Sequence[Blocker]) -> Mark:
    """Return the mark of a blocked item: it names the blockers, and leads to the only one, or to all in the panel."""
    names = [Truncator(str(one)).chars(LONGEST_BLOCKER) for one in blockers[:MOST_BLOCKERS]]
    if len(blockers) > MOST_BLOCKERS:
        names.append(f"{len(blockers) - MOST_BLOCKERS} more")
    text = f"Blocked by {', '.join(names)}" if names else "Blocked"
    project, dash, number = in_short(blockers).rpartition("-")
    leads = blockers[0].key if len(blockers) == 1 else key
    return Mark("blocked", text, number, leads=leads, prefix=project + dash)


def _due(day: str, *, is_over: bool) -> str:
    return f"Overdue since {day}" if is_over else f"Due {day}"


_TYPES = {kind.value: Mark(kind.value, str(kind.label)) for kind in ItemType}
_PRIORITIES = {level.value: Mark(level.value, f"{level.label} priority", edits="priority") for level in Priority}

"""Cards of the board."""

from __future__ import annotations

import uuid

from django.utils import timezone

from projects.entities.work_item import CLOSED, STATUS_NAMES
from projects.loose_types import Context
from projects.models import Dependency, Project
from projects.models.work_items.choices import MAX_IDLE_LEASES
from projects.models.work_items.claimable import PAUSED

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
    "claimed_by__username",
    "claimed_by__is_agent",
    "lease_expires_at",
    "idle_leases",
    "closing",
    "parent__item_type",
    "parent__item_number",
    "parent__parent__item_number",
)


class Card:
    """A card for one item, built from a row of SHOWN."""

    __slots__ = ("blocked_by", "claimed_by", "is_stuck", "item", "key", "waits")

    def __init__(self, item: Context, project_key: str, blocking: dict[uuid.UUID, list[int]]) -> None:
        self.item = item
        self.key = f"{project_key}-{item['item_number']}"
        numbers = blocking.get(item["id"], []) if item["status"] not in CLOSED else []
        self.blocked_by = ", ".join(f"{project_key}-{number}" for number in numbers)
        until = item["lease_expires_at"]
        self.claimed_by = item["claimed_by__username"] if until and until > timezone.now() else None
        self.waits = until is not None and until >= PAUSED
        is_open = item["status"] not in CLOSED
        self.is_stuck = is_open and not self.claimed_by and item["idle_leases"] >= MAX_IDLE_LEASES

    @property
    def status(self) -> str:
        return STATUS_NAMES[self.item["status"]].lower()

    @property
    def is_overdue(self) -> bool:
        due = self.item["due_date"]
        return due is not None and due < timezone.now().date() and self.item["status"] not in CLOSED

    @property
    def is_blocked(self) -> bool:
        return bool(self.blocked_by) or self.item["status"] == "blocked"


def blockers(project: Project) -> dict[uuid.UUID, list[int]]:
    """Return the blockers' item numbers by ID of the blocked item; one query."""
    links = Dependency.objects.living().filter(dependency_type="blocks", blocked_item__project=project)
    rows = links.exclude(blocking_item__status__in=CLOSED).order_by("blocking_item__item_number")
    found: dict[uuid.UUID, list[int]] = {}
    for blocked, number in rows.values_list("blocked_item_id", "blocking_item__item_number"):
        found.setdefault(blocked, []).append(number)
    return found

"""The rows of the list and the tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Q
from django.utils import timezone

from projects.entities.saved_view import COLUMNS
from projects.entities.work_item import CLOSED, STATUS_NAMES
from projects.loose_types import Context
from projects.models import rights
from projects.today import today
from projects.web.avatars import hue, initials
from projects.web.card_surroundings import Blocker, blockers_of, in_short

# The field whose editor a cell opens.
EDITORS = {
    **{"status": "status", "priority": "priority", "assignee": "assignee", "type": "item_type"},
    **{"points": "story_points", "labels": "labels", "sprint": "sprint", "parent": "parent", "due": "due_date"},
}
SHOWN = (
    *("pk", "project_id", "project__key", "item_number", "version", "item_type", "title", "status", "priority"),
    *("assignee_id", "assignee__username", "assignee__is_agent", "story_points", "labels", "sprint_id", "sprint__name"),
    *("parent_id", "parent__item_number", "parent__title", "due_date", "updated_at", "created_at"),
    *("open_blockers", "position", "claimed_by__username", "claimed_by__is_agent", "lease_expires_at"),
)


@dataclass
class Cell:
    """What a row has in a column; `field` is what its editor edits."""

    name: str
    field: str
    label: str
    value: object


class Row:
    """An item in a list."""

    def __init__(self, item: Context, columns: Sequence[str]) -> None:
        self.item = item
        self.key = f"{item['project__key']}-{item['item_number']}"
        self.columns = columns
        self.blockers: list[Blocker] = []
        until = item["lease_expires_at"]
        self.claimed_by = item["claimed_by__username"] if until and until > timezone.now() else None

    @property
    def may_edit(self) -> bool:
        """Whether the reader may work in the item's project."""
        return rights.may_write(self.item["project_id"])

    @property
    def initials(self) -> str:
        return initials(self.item["assignee__username"])

    @property
    def hue(self) -> int:
        return hue(self.item["assignee__username"])

    @property
    def is_closed(self) -> bool:
        return self.item["status"] in CLOSED

    @property
    def is_blocked(self) -> bool:
        return not self.is_closed and (self.item["status"] == "blocked" or self.item["open_blockers"] > 0)

    @property
    def blocked_by(self) -> str:
        """What blocks the item, in words."""
        return f"Blocked by {', '.join(map(str, self.blockers))}" if self.blockers else "Its status is blocked"

    @property
    def blocked(self) -> str:
        """The words of the row: by which item, and how many more."""
        return f"Blocked by {in_short(self.blockers)}" if self.blockers else "Blocked"

    @property
    def blocker(self) -> str:
        """The key of the item that says why: the only blocker, or the item itself."""
        return self.blockers[0].key if len(self.blockers) == 1 else self.key

    @property
    def is_overdue(self) -> bool:
        due = self.item["due_date"]
        return due is not None and not self.is_closed and due < today()

    @cached_property
    def cells(self) -> list[Cell]:
        item = self.item
        parent = item["parent__item_number"]
        values = {
            "status": STATUS_NAMES[item["status"]],
            "priority": item["priority"],
            "assignee": item["assignee__username"],
            "type": item["item_type"],
            "points": item["story_points"],
            "labels": item["labels"],
            "sprint": item["sprint__name"],
            "parent": f"{item['project__key']}-{parent}" if parent else None,
            "due": item["due_date"],
            "changed": item["updated_at"],
            "created": item["created_at"],
        }
        without = ("sprint", "parent") if item["item_type"] == "epic" else ()
        return [
            Cell(name, "" if name in without else EDITORS.get(name, ""), COLUMNS[name], values[name])
            for name in self.columns
        ]


def name_blockers(rows: Sequence[Row]) -> None:
    """Set what blocks each blocked row; one query if one of them is."""
    blocked = [row for row in rows if row.item["open_blockers"] and not row.is_closed]
    found = blockers_of(Q(blocked_item__in=[row.item["pk"] for row in blocked])) if blocked else {}
    for row in blocked:
        row.blockers = found.get(row.item["pk"], [])

"""What the domain refuses. A wrong value of a field is Django's ValidationError; the rest is here:

    Refused             the board's present state forbids it; the message says why and what would help
    ├── Conflict        somebody else has it already, or it is no longer what the caller believes
    │   └── StaleVersion    it was changed since the caller read it
    └── Archived        its project is archived, so it is read-only

The API maps them to answers in one place, the admin to messages in one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from projects.models.activity import Activity
    from projects.models.base import Entity


class Refused(Exception):
    """The present state of the board forbids what was asked; `field` names the culprit, if one does."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Conflict(Refused):
    """Another row or another writer stands in the way."""


class Archived(Refused):
    """The project is archived."""


class StaleVersion(Conflict):
    """The entity is not at the version that the caller expected.

    `current` is the entity as it is now, `changes` what happened to it since, oldest first.
    """

    def __init__(self, current: Entity, expected: int, changes: Sequence[Activity]) -> None:
        super().__init__(
            f"{current.display_key} is at version {current.version}, not {expected}: {_summary(changes)}; "
            "read it again and repeat the change if it is still wanted"
        )
        self.current = current
        self.changes = changes


def _summary(changes: Sequence[Activity]) -> str:
    return ", ".join(str(change) for change in changes[-5:]) or "it never had that version"

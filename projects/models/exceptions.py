"""What the domain refuses. A wrong value of a field is Django's ValidationError; the rest is here:

    Refused             the board's present state forbids it; the message says why and what would help
    ├── Conflict        somebody else has it already, or it is no longer what the caller believes
    │   └── StaleVersion    it was changed since the caller read it
    ├── Archived        its project is archived, so it is read-only
    ├── HasChildren     children that are open, or would be left behind, are in the way
    ├── HasBlockers     what blocks it is unfinished
    ├── Claimed         somebody holds it
    ├── NothingReady    there is nothing to claim
    ├── Cycle           items would block one another in a circle
    └── NotYours        only whose it is, or a superuser, may change it

The API maps them to answers in one place, the admin to messages in one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from projects.models.activity import Activity
    from projects.models.base import Entity
    from projects.models.work_item import WorkItem

MAX_NAMED = 20  # items in a message


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


class _InTheWay(Refused):
    """`items` are what stands in the way, named in the message."""

    def __init__(self, message: str, items: Sequence[WorkItem]) -> None:
        names = ", ".join(item.display_key for item in items[:MAX_NAMED])
        more = f" and {len(items) - MAX_NAMED} more" if len(items) > MAX_NAMED else ""
        super().__init__(f"{message}: {names}{more}")
        self.items = items


class HasChildren(_InTheWay):
    """Children are in the way."""


class HasBlockers(_InTheWay):
    """Unfinished blockers are in the way."""


class Claimed(Refused):
    """Somebody holds the item; `holder` is the name, `until` the end of the lease."""

    def __init__(self, message: str, *, holder: str | None = None, until: datetime | None = None) -> None:
        super().__init__(message)
        self.holder = holder
        self.until = until


class NothingReady(Refused):
    """No item of the project is ready to be claimed."""


class Cycle(Refused):
    """A dependency would close a circle; `path` names its items by display key, first and last the same."""

    def __init__(self, path: Sequence[str]) -> None:
        super().__init__(f"that would close a circle: {' blocks '.join(path)}", field="blocked_item_id")
        self.path = path


class NotYours(Refused):
    """It is somebody else's."""


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

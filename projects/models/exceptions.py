"""Exceptions of the domain rules. An invalid field value is Django's ValidationError; the rest is here:

    Refused             the current state of the board forbids the operation; the message says why and what to do
    ├── Conflict        the operation conflicts with another row or with the state of the entity
    │   └── StaleVersion    the entity changed since the caller read it
    ├── Archived        the project is archived and therefore read-only
    ├── HasChildren     the item has open children, or children that would lose their parent
    ├── HasBlockers     the item has unfinished blockers
    ├── Claimed         the item has an unexpired claim
    ├── NotReady        the item can't be started now
    ├── EvidenceMissing the item lacks what the policies of its project require
    ├── NothingReady    the project has no item to claim
    ├── CheckUntrusted  the command of a check has no approval by a person on this clone
    ├── ContentNeeded   the client must first report the content of its worktree
    ├── Cycle           the dependency would create a cycle
    ├── KeyMoved        the key means two items in this clone
    ├── SyncOff         this clone is not joined to a board in git
    ├── TooLarge        a file is larger than is allowed, or the files of the board together are
    └── NotYours        only the owner or a superuser may change the entity, or only a person may do this

The API maps them to responses in one place, the admin to messages in another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from projects.models.activity import Activity
    from projects.models.base import Entity
    from projects.models.check import Check
    from projects.models.work_items.evidence import Missing
    from projects.models.work_items.item import WorkItem

MAX_NAMED = 20  # items in a message
WAITING = ", who waits for the answer to a question"


class Refused(Exception):
    """The current state of the board forbids the operation; `field` names the field at fault, if any."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Conflict(Refused):
    """The operation conflicts with another row, another writer or the state of the entity."""


class KeyMoved(Refused):
    """The key means a published item, and meant another one here before that was renumbered."""


class SyncOff(Refused):
    """This clone is not joined to a board in git."""


class TooLarge(Refused):
    """The file is larger than is allowed, or the files of the board together are."""


class Archived(Refused):
    """The project is archived."""


class _InTheWay(Refused):
    """The base of errors caused by other items; the message lists the keys of `items`."""

    def __init__(self, message: str, items: Sequence[WorkItem]) -> None:
        names = ", ".join(item.display_key for item in items[:MAX_NAMED])
        more = f" and {len(items) - MAX_NAMED} more" if len(items) > MAX_NAMED else ""
        super().__init__(f"{message}: {names}{more}")
        self.items = items


class HasChildren(_InTheWay):
    """The item has children that prevent the operation."""


class HasBlockers(_InTheWay):
    """The item has unfinished blockers."""


class Claimed(Refused):
    """The item `key` is claimed by the user `holder`, with a lease `until` a given time; None while it stands still.

    `session` distinguishes the holder from others of the same name.
    """

    def __init__(self, key: str, holder: str | None, until: datetime | None, session: str = "") -> None:
        end = f" until {until:%Y-%m-%dT%H:%M:%SZ}" if until else WAITING
        super().__init__(f"{key} is claimed by {holder}{f' ({session})' if session else ''}{end}")
        self.key = key
        self.holder = holder
        self.until = until

    @property
    def text(self) -> str:
        """The message for people: with the minutes that are left."""
        if self.until is None:
            return f"{self.key} is claimed by {self.holder}{WAITING}"
        minutes = max(1, math.ceil((self.until - datetime.now(UTC)).total_seconds() / 60))
        left = "minute" if minutes == 1 else f"{minutes} minutes"
        return f"{self.key} is claimed by {self.holder} for another {left}"


class NotReady(Refused):
    """The item can't be started now; `reasons` says why."""

    def __init__(self, message: str, reasons: Sequence[str]) -> None:
        super().__init__(f"{message}: {'; '.join(reasons)}")
        self.reasons = reasons


class EvidenceMissing(Refused):
    """The item lacks what the policies of its project require; each of `missing` says what, and how to get it."""

    def __init__(self, key: str, status: str, missing: Sequence[Missing]) -> None:
        names = "; ".join(str(each) for each in missing[:MAX_NAMED])
        more = f"; and {len(missing) - MAX_NAMED} more" if len(missing) > MAX_NAMED else ""
        super().__init__(f"{key} can't be set to {status}: {names}{more}")
        self.missing = missing


class NothingReady(Refused):
    """The project has no item that is ready to be claimed."""


class CheckUntrusted(Refused):
    """No person approved the exact commands of these checks on this clone."""

    def __init__(self, checks: Sequence[Check]) -> None:
        names = ", ".join(check.name for check in checks)
        super().__init__(f"no person has approved on this clone what these checks run: {names}")
        self.checks = checks


class ContentNeeded(Refused):
    """A result of a check counts only for the content that was checked, so the client must report its own."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} needs checks, and the content of your worktree was not reported; pm does that")


class Cycle(Refused):
    """A dependency would create a cycle; `path` lists its display keys, with the same first and last one."""

    def __init__(self, path: Sequence[str]) -> None:
        super().__init__(f"that would create a cycle: {' blocks '.join(path)}", field="blocked_item_id")
        self.path = path


class NotYours(Refused):
    """The entity belongs to another user, or an agent wants what only people may do."""


class StaleVersion(Conflict):
    """The entity is not at the version that the caller expects.

    `current` is the entity as it is now; `changes` are the changes since that version, oldest first.
    """

    def __init__(self, current: Entity, expected: int, changes: Sequence[Activity]) -> None:
        super().__init__(
            f"{current.display_key} is at version {current.version}, not {expected}: {_summary(changes)}; "
            "reload it and repeat the change if it still applies"
        )
        self.current = current
        self.changes = changes

    def changes_field(self, name: str) -> bool:
        """Return True if one of the changes is of the field `name`."""
        return any(change["field"] == name for row in self.changes for change in row.changes)


def _summary(changes: Sequence[Activity]) -> str:
    return ", ".join(str(change) for change in changes[-5:]) or "it never had that version"

"""What the request that goes on may read and write; None where everybody may do everything.

Only a team's server sets it: `projects.team.roles` decides, `projects.team.row_filter` hides rows. On one machine's
server, in commands and in background threads it stays None.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

from projects.loose_types import FieldValue

if TYPE_CHECKING:
    from uuid import UUID

    from projects.models.activity import Action
    from projects.models.base import Entity

ITEM = "work_item"  # who may write items does the ordinary work of a project


class Rights(Protocol):
    """What one request may do."""

    is_administrator: bool

    def check(self, entity: Entity, action: Action, values: Mapping[str, FieldValue]) -> None:
        """Raise NotYours unless the request may change these columns of the entity; all of them for a new one."""

    def check_project(self, project_id: UUID, entity_type: str) -> None:
        """Raise NotYours unless the request may write what belongs to entities of this type in the project."""

    def may_write(self, project_id: UUID | None, entity_type: str) -> bool:
        """Return True if it may: in this project, or with None in any."""
        ...

    def digest(self) -> str:
        """Return a short text that changes with the rights."""
        ...


current: ContextVar[Rights | None] = ContextVar("rights", default=None)


@contextmanager
def unrestricted() -> Iterator[None]:
    """Do inside the block what the server itself needs, such as finding the caller's session."""
    token = current.set(None)
    try:
        yield
    finally:
        current.reset(token)


def check_project(project_id: UUID, entity_type: str) -> None:
    """Raise NotYours unless the request that goes on may write such rows of the project."""
    rights = current.get()
    if rights is not None:
        rights.check_project(project_id, entity_type)


def may_write(project_id: UUID | None = None, entity_type: str = ITEM) -> bool:
    """Return True if the request that goes on may write such rows of the project, or without one of any project."""
    rights = current.get()
    return rights is None or rights.may_write(project_id, entity_type)


def digest() -> str:
    """Return a text by which an open page sees that these rights have changed; "" where everybody may do everything."""
    rights = current.get()
    return "" if rights is None else rights.digest()


def may_administer() -> bool:
    """Return True if the request that goes on may change the server, its users and the list of projects."""
    rights = current.get()
    return rights is None or rights.is_administrator

"""The format of the log changes only when a person says so: clones with an older pm can't follow it any more.

A log begins with format 1. A group with a `format` says that it has another one from there on; who founds a board
publishes one first. The file `format` of the tree has the newest, so an older pm refuses the whole log.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import transaction

from projects.models import SyncBoard
from projects.models.user import AGENT_NAME
from projects.sync import outbox
from projects.sync.git_tree import FORMAT
from projects.sync.operations import Group, parse


@transaction.atomic
def upgrade() -> None:
    """Add a change to the newest format to the outbox, unless the log has it already."""
    board = SyncBoard.current()
    outbox.pack(board)
    if max(board.format, unpublished(outbox.lines())) < FORMAT:
        add(board, FORMAT)
        board.save(update_fields=["after"])


def add(board: SyncBoard, format: int) -> None:
    """Add a change to a format to the outbox. The caller saves `board`."""
    group = Group(
        id=uuid.uuid4().hex,
        base=board.position,
        after=board.after.hex if board.after else None,
        by=board.person or AGENT_NAME,
        operations=[],
        format=format,
    )
    outbox.add(board, group)


def unpublished(lines: Iterable[str]) -> int:
    """Return the format that the unpublished groups, as `lines` of a segment, change the log to, or 0."""
    # No text contains this: JSON escapes its quotes.
    return max((parse(line).format for line in lines if '"ops":[]' in line), default=0)

"""Turn this clone's unpublished changes into the next segments of the log, and make a checkpoint if one is due."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.db import transaction

from projects.models import SyncBoard
from projects.sync import checkpoint, outbox, reservations, upgrading
from projects.sync.checkpoint import Checkpoint
from projects.sync.courtesy import give_way
from projects.sync.fold import fold
from projects.sync.operations import MAX_GROUP, encode
from projects.sync.state import Layer
from projects.sync.stored_state import StoredOrder, StoredState, hashed

AT_ONCE = 200  # groups for which the state is read at once


class Parcel(NamedTuple):
    """What this clone publishes next: segments with all its unpublished groups, and a checkpoint if one is due."""

    segments: list[str]
    checkpoint: Checkpoint | None
    format: int = 0  # to which it changes the log; 0: it does not


def prepare() -> Parcel:
    """Return what this clone has to publish."""
    outbox.pack_ahead()
    if reservations.are_due():
        with transaction.atomic():
            reservations.ask(SyncBoard.current())
    board, lines = SyncBoard.current(), outbox.lines()
    format = upgrading.unpublished(lines)
    position = board.position + len(lines)
    # Who publishes no changes, as right after joining, leaves it to the next one: it takes a second on a large board.
    changes = lines and outbox.count(board, only_changes=True)
    due = changes and position // checkpoint.EVERY > board.checkpoint // checkpoint.EVERY
    found = _checkpoint(board, (waiting for _, waiting in outbox.waiting()), position) if due else None
    unchanged = {name: getattr(board, name) for name in ("position", "packed", "after")}
    if found is not None and not SyncBoard.objects.filter(pk=1, **unchanged).exists():
        found = None  # it took its time, and the next sync makes another
    return Parcel(_segments(lines), found, format)


def _segments(lines: Iterable[str]) -> list[str]:
    segments: list[list[str]] = []
    size = MAX_GROUP
    for line in lines:
        length = len(line.encode()) + 1
        if size + length > MAX_GROUP:
            segments.append([])
            size = 0
        segments[-1].append(line)
        size += length
    return ["\n".join((*some, "")) for some in segments]


def _checkpoint(board: SyncBoard, groups: Iterator[outbox.Waiting], position: int) -> Checkpoint:
    """Return the checkpoint at `position`, after the unpublished groups."""
    state, order = StoredState(board.digest), StoredOrder().layer()
    top = Layer(state)
    number = board.position
    while some := [waiting.group for waiting in itertools.islice(groups, AT_ONCE)]:
        state.expect(some)
        for group in some:
            give_way()
            number += 1
            fold(top, order, group, number)
    digest = int(state.digest, 16)
    for record in top.records.values():
        give_way()
        before = state.record(record.id)
        digest ^= hashed(encode(before.document())) if before else 0
        digest ^= hashed(encode(record.document()))
    return checkpoint.make(position, f"{digest:064x}", top.records.values())

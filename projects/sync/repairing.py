"""Recover from a ref that was rewound, replaced or deleted, and from a state that differs from the log.

Every clone keeps the whole log. What the remote lost becomes unpublished again, under the same group IDs and as the
same bytes, and the next sync publishes it on top.
"""

from __future__ import annotations

import itertools
import json

from django.db import connection, transaction

from projects.models import SyncBoard
from projects.sync import exchange
from projects.sync.exceptions import Busy, Diverged
from projects.sync.exchange import Report, Seal, Segments
from projects.sync.fold import Order
from projects.sync.state import MemoryState, Record
from projects.sync.stored_state import all_records

FOLDED = ("record", "index", "user", "group", "chain", "advance")


def verify(source: Segments, position: int | None = None) -> int:
    """Fold the log, up to `position`, and compare it with the state of this clone; return the number of entities.

    Raises Diverged with the first one that differs, and Busy if a sync applied more of the log meanwhile.
    """
    wanted = _folded(source, position).records
    count = len(wanted)
    different = _first_difference(wanted)
    if position is not None and SyncBoard.current().position != position:
        raise Busy("a sync of this board has applied more of the log meanwhile; try again")
    if different is not None:
        raise _diverged(different)
    return count


def _first_difference(wanted: dict[str, Record]) -> Record | None:
    """Return the first record of this clone that is not among the wanted ones, or a wanted one that it lacks."""
    for record in all_records():
        if record.id not in wanted or wanted.pop(record.id).document() != record.document():
            return record
    return next(iter(wanted.values()), None)


def rebuild(source: Segments, *, head: str = "", seal: Seal = exchange.unsealed) -> Report:
    """Fold the whole log again, and write the board from it. Unpublished changes stay on top."""
    known = _activity_by_group()
    _forget()
    return exchange.follow(source, head=head, seal=seal, recorded=known)


def adopt(old: Segments, new: Segments, *, head: str, seal: Seal = exchange.unsealed) -> Report:
    """Follow another log, on which what only the `old` one has is published again."""
    known = _activity_by_group()
    kept = {entry.group.id for entry in exchange.entries(new)}
    missing = [
        (entry.group.id, entry.line) for entry in exchange.entries(old) if entry.line and entry.group.id not in kept
    ]
    with transaction.atomic():
        waiting = _rows("SELECT group_id, line, activities FROM projects_syncoutbox ORDER BY id")
        _rows("DELETE FROM projects_syncoutbox RETURNING id")
        lost = [(group, line, json.dumps(known.get(group, []))) for group, line in missing]
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO projects_syncoutbox (group_id, line, activities) VALUES (%s, %s, %s)", [*lost, *waiting]
            )
        _forget()
    return exchange.follow(new, head=head, seal=seal, recorded=known)


def _folded(source: Segments, position: int | None) -> MemoryState:
    state, order = MemoryState(), Order({}, {}, {})
    digests: dict[str, str] = {}
    for entry in itertools.islice(exchange.entries(source), position):
        exchange.fold_entry(state, order, entry, digests.get(entry.group.id))
        digests.setdefault(entry.group.id, entry.digest)
    return state


def _diverged(record: Record) -> Diverged:
    name = f"{record.type.replace('_', ' ')} {record.id}"
    return Diverged(f"the {name} differs from the log; `pm sync verify --rebuild` writes the board from the log")


def _activity_by_group() -> dict[str, list[int]]:
    """Return the IDs of the activity of each group in the log."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT one.id, activity.id FROM projects_syncgroup one "
            "JOIN projects_activity activity ON activity.position = one.position ORDER BY activity.id"
        )
        found: dict[str, list[int]] = {}
        for group, activity in cursor.fetchall():
            found.setdefault(group, []).append(activity)
    return found


@transaction.atomic
def _forget() -> None:
    """Forget the folded log; the board and the outbox stay."""
    for table in FOLDED:
        _rows(f"DELETE FROM projects_sync{table} RETURNING 1")  # noqa: S608 -- constants
    _rows("UPDATE projects_activity SET position = NULL WHERE position IS NOT NULL RETURNING 1")
    nothing = {"position": 0, "segments": 0, "lines": 0, "checkpoint": 0, "format": 1}
    SyncBoard.objects.filter(pk=1).update(head="", seal="", digest="", **nothing)


def _rows(query: str) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        found: list[tuple[str, ...]] = cursor.fetchall()
        return found

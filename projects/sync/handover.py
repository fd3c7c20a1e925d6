"""Hand unpublished groups over: a clone that may not push writes them to a file, and one that may publishes them.

The file has the same lines that a push would carry, so authors, times and what their clone had seen stay as they are.
The clone that wrote it finds its groups in the log later, and does not publish them.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable

from django.db import connection, transaction

from projects.loose_types import SqlRow
from projects.models import SyncBoard
from projects.models.exceptions import Conflict
from projects.sync import aliases, board_rows, outbox
from projects.sync.exceptions import Malformed
from projects.sync.fold import Result, fold
from projects.sync.history_rows import HistoryRows
from projects.sync.operations import BOOKKEEPING, Group, parse
from projects.sync.state import Layer
from projects.sync.stored_state import StoredOrder, StoredState


@transaction.atomic
def written() -> list[str]:
    """Return the lines of what this clone has not published."""
    outbox.pack(SyncBoard.objects.get(pk=1))
    return outbox.lines()


@transaction.atomic
def read(board_id: uuid.UUID, lines: Iterable[str]) -> dict[str, int]:
    """Add the groups of a file to the outbox, and show them on the board; return how many are new and how many known.

    Raises Malformed with the first group that can't be read, and Conflict if the file is of another board.
    """
    board = SyncBoard.objects.get(pk=1)
    if board_id != board.board_id:
        raise Conflict(f"the file has changes of the board {board_id}, but this clone is joined to {board.board_id}")
    outbox.pack(board)
    state, order = StoredState(board.digest), StoredOrder()
    top, later = Layer(state), order.layer()
    position = board.position
    waiting = {}
    for _, one in outbox.waiting():
        position += 1
        fold(top, later, one.group, position)
        waiting[one.group.id] = one.line
    results: list[Result] = []
    new = known = 0
    for number, line in enumerate(lines, 1):
        group = _parsed(number, line, later.format)
        digest = order.digest(group.id)
        if digest is not None or group.id in waiting:
            if digest not in (None, hashlib.sha256(line.encode()).hexdigest()) or waiting.get(group.id, line) != line:
                raise Conflict(f"group {number}: its ID belongs to another one")
            known += 1
            continue
        position += 1
        found = fold(top, later, group, position)
        _keep(top, group, line, found)
        waiting[group.id] = line
        results += found
        new += 1
    _show(top, results)
    ((newest,),) = _rows("SELECT coalesce(max(id), 0) FROM projects_activity")
    board.packed = newest
    board.save(update_fields=["packed"])
    return {"new": new, "known": known}


def _parsed(number: int, line: str, format: int) -> Group:
    try:
        if "\n" in line:
            raise Malformed("a group is one line")
        return parse(line, format)
    except Malformed as error:
        raise Malformed(f"group {number}: {error}") from None


def _keep(top: Layer, group: Group, line: str, results: list[Result]) -> None:
    """Store the group with its history, as a change that is not published."""
    rows = HistoryRows()
    rows.add(top, group, None, results)
    rows.flush()
    ids = [pk for (pk,) in _rows("SELECT id FROM projects_activity WHERE group_id = %s ORDER BY id", [group.id])]
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO projects_syncoutbox (group_id, line, activities, "foreign") VALUES (%s, %s, %s, TRUE)',
            [group.id, line, json.dumps(ids)],
        )


def _show(top: Layer, results: list[Result]) -> None:
    """Write the rows of the entities that the groups changed."""
    united = aliases.united(results)
    touched = {
        result.operation.id: result.operation.type for result in results if result.operation.action not in BOOKKEEPING
    }
    touched |= dict.fromkeys(united, "work_item")
    gone = {pk: kind for pk, kind in touched.items() if top.record(pk) is None}
    board_rows.write((record for pk in sorted(touched.keys() | top.records) if (record := top.record(pk))), gone)
    aliases.keep_ids(united)


def _rows(query: str, values: Iterable[SqlRow] = ()) -> list[SqlRow]:
    with connection.cursor() as cursor:
        cursor.execute(query, list(values))
        found: list[SqlRow] = cursor.fetchall()
        return found

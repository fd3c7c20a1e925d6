"""This clone's own changes that are not published yet: activity becomes groups, which wait in the outbox.

A line in the outbox never changes: after a push with an unknown outcome, the same bytes come back or are sent again.
"""

from __future__ import annotations

import json
import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from django.db import connection, transaction

from projects.engine import dialect
from projects.entities.registry import BY_NAME, ENTITIES
from projects.entities.spec import PERSON
from projects.loose_types import Json, SqlRow
from projects.models import SyncBoard
from projects.models.row_size import LONGEST, ROW
from projects.sync.courtesy import give_way
from projects.sync.fold import rank
from projects.sync.operations import MAX_OPERATION, MAX_OPERATIONS, Group, Operation, encode, parse

BATCH = 500  # rows
AT_ONCE = 100  # rows of activity whose groups are written in one transaction
MAX_BYTES = 4 << 20  # of a group that this clone writes
# No text contains these: JSON escapes its quotes.
CHANGES = """WHERE NOT (line LIKE '%%"action":"reserved"%%' OR line LIKE '%%"action":"renumbered"%%'
 OR line LIKE '%%"ops":[]%%')"""
LOCAL = ", ".join(f"'{entity.name}'" for entity in ENTITIES if not entity.travelling)  # what stays in its clone
CHUNK = 500  # operations of a group that may be split: those of an import stand alone


class Waiting(NamedTuple):
    """A group in the outbox, and the IDs of its activity."""

    group: Group
    line: str
    activities: list[int]


def waiting(after: int = 0) -> Iterator[tuple[int, Waiting]]:
    """Yield (outbox ID, group) of the unpublished groups, oldest first, from those `after` an ID on."""
    for pk, line, activities in _rows(
        "SELECT id, line, activities FROM projects_syncoutbox WHERE id > %s ORDER BY id", [after]
    ):
        yield pk, Waiting(parse(line), line, json.loads(activities))


def lines() -> list[str]:
    """Return the unpublished groups as lines of a segment, oldest first."""
    return [line for (line,) in _rows("SELECT line FROM projects_syncoutbox ORDER BY id")]


def count(board: SyncBoard, *, only_changes: bool = False) -> int:
    """Return the number of unpublished groups, those not packed yet included.

    With `only_changes`, without those that only reserve item numbers or change the format.
    """
    ((packed,),) = _rows(f"SELECT count(*) FROM projects_syncoutbox {CHANGES if only_changes else ''}")  # noqa: S608
    ((unpacked,),) = _rows(
        "SELECT count(DISTINCT group_id) FROM projects_activity "  # noqa: S608 -- names of entities
        f"WHERE id > %s AND position IS NULL AND group_id IS NOT NULL AND entity_type NOT IN ({LOCAL})",
        [board.packed],
    )
    return int(packed + unpacked)


def pack(board: SyncBoard) -> int:
    """Move new activity into the outbox, in the caller's transaction; return the number of groups."""
    newest = _newest()
    return _store(board, list(_built(board, newest)), newest)


def pack_ahead() -> None:
    """Move new activity into the outbox; the groups are built without the lock.

    Some at a time, as others wait while they are written. Leaves it to `pack` if another sync changes the board
    meanwhile.
    """
    newest = _newest()
    while (board := SyncBoard.current()).packed < newest:
        end = _end(board.packed, newest)
        built = list(_built(board, end))
        with transaction.atomic():
            unchanged = {name: getattr(board, name) for name in ("packed", "after", "position", "format")}
            if not SyncBoard.objects.filter(pk=1, **unchanged).exists():
                break
            _store(board, built, end)


def _end(packed: int, newest: int) -> int:
    """Return the ID of the activity up to which to pack next: AT_ONCE rows, and the rest of their last transaction."""
    rows = _rows(
        "SELECT id, group_id FROM projects_activity WHERE id > %s AND id <= %s AND position IS NULL "
        "AND group_id IS NOT NULL ORDER BY id LIMIT 1 OFFSET %s",
        [packed, newest, AT_ONCE],
    )
    for pk, group in rows:
        ((following,),) = _rows(
            "SELECT min(id) FROM projects_activity WHERE id > %s AND id <= %s AND (group_id IS NULL OR group_id <> %s)",
            [pk, newest, group],
        )
        return newest if following is None else int(following) - 1
    return newest


def _newest() -> int:
    """Return the ID of the newest activity."""
    ((newest,),) = _rows("SELECT coalesce(max(id), 0) FROM projects_activity")
    return int(newest)


def _built(board: SyncBoard, newest: int) -> Iterator[tuple[Group, str, list[int]]]:
    """Yield the groups of the activity up to `newest` that is not packed, with their lines and activity."""
    names = Names()
    after = board.after.hex if board.after else None
    bases = _Bases(board.packed, newest)
    last, number = "", 0  # a transaction, and its groups: it may have several actors
    for found in _groups(board.packed, newest):
        rows = [row for row in found if BY_NAME[row[3]].since <= board.format]  # an older log knows no other entities
        if not rows:
            continue
        give_way()
        pairs = [(row[0], bounded(_operation(row, names, board.format))) for row in rows]
        whole = len(pairs) <= MAX_OPERATIONS and not any(operation.stamps for _, operation in pairs)
        if not whole:  # an import, whose rows come in any order and stand alone
            pairs.sort(key=lambda pair: rank(pair[1]))
        digits, actor = rows[0][1:3]
        last, number = digits, number if digits == last else 0
        parts = [pairs] if whole and size_of(operation for _, operation in pairs) < MAX_BYTES else list(chunks(pairs))
        for part in parts:
            group = Group(
                id=digits if number == 0 else uuid.uuid5(uuid.UUID(digits), str(number)).hex,
                base=bases.before(rows[0][0]),
                after=after,
                by=names[actor],
                operations=[operation for _, operation in part],
                session=rows[0][-1],
                rows=not whole or len(parts) > 1,
            )
            after, number = group.id, number + 1
            yield group, group.line(), [pk for pk, _ in part]


def _store(board: SyncBoard, built: list[tuple[Group, str, list[int]]], newest: int) -> int:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO projects_syncoutbox (group_id, line, activities) VALUES (%s, %s, %s)",
            [(group.id, line, json.dumps(activities)) for group, line, activities in built],
        )
    if built:
        board.after = uuid.UUID(built[-1][0].id)
    board.packed = newest
    _rows(
        "UPDATE projects_syncboard SET packed = %s, after = %s RETURNING id",
        [newest, board.after.hex if board.after else None],
    )
    return len(built)


def chunks(pairs: Iterable[tuple[int, Operation]]) -> Iterator[list[tuple[int, Operation]]]:
    """Split (activity, operation) pairs into groups of at most CHUNK operations and MAX_BYTES."""
    part: list[tuple[int, Operation]] = []
    size = 0
    for pair in pairs:
        length = size_of([pair[1]])
        if part and (len(part) == CHUNK or size + length > MAX_BYTES):
            yield part
            part, size = [], 0
        part.append(pair)
        size += length
    if part:
        yield part


def bounded(operation: Operation) -> Operation:
    """Return the operation with at most MAX_OPERATION bytes, without old values if need be: they are only shown."""
    if not exceeds(operation):
        return operation
    return replace(operation, changes={name: (None, new) for name, (_, new) in operation.changes.items()})


def exceeds(operation: Operation) -> bool:
    """Return True if the operation has more than MAX_OPERATION bytes."""
    values = [value for pair in operation.changes.values() for value in pair if isinstance(value, str | list)]
    most = sum(len(value) * (LONGEST if isinstance(value, str) else ROW) for value in values)
    return most > MAX_OPERATION // 2 and size_of([operation]) > MAX_OPERATION


def size_of(operations: Iterable[Operation]) -> int:
    """Return the number of bytes of the operations in a segment."""
    return sum(len(encode(operation.document()).encode("utf-8", "surrogatepass")) + 1 for operation in operations)


def add(board: SyncBoard, group: Group, activities: Sequence[int] = ()) -> None:
    """Append a group with its activity to the outbox, as this clone's latest. The caller saves `board`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO projects_syncoutbox (group_id, line, activities) VALUES (%s, %s, %s)",
            [group.id, group.line(), json.dumps(list(activities))],
        )
    board.after = uuid.UUID(group.id)


class Activities(dict[int, list[int]]):
    """The IDs of the activity of the groups in the outbox; those of the `count` oldest groups are read at once."""

    def __init__(self, count: int) -> None:
        rows = _rows("SELECT id, activities FROM projects_syncoutbox ORDER BY id LIMIT %s", [count])
        super().__init__((pk, json.loads(activities)) for pk, activities in rows)

    def __missing__(self, pk: int) -> list[int]:
        [(activities,)] = _rows("SELECT activities FROM projects_syncoutbox WHERE id = %s", [pk])
        found: list[int] = json.loads(activities)
        return found


def remove(pks: Iterable[int]) -> None:
    """Remove groups that are in the log."""
    with connection.cursor() as cursor:
        cursor.executemany("DELETE FROM projects_syncoutbox WHERE id = %s", [(pk,) for pk in pks])


def _groups(packed: int, newest: int) -> Iterator[list[SqlRow]]:
    """Yield the activity of each transaction since `packed`, up to `newest`, that is not from the log."""
    found: list[SqlRow] = []
    query = (
        "SELECT id, group_id, actor_id, entity_type, entity_id, action, changes, extra, "  # noqa: S608
        f"{dialect.time_text('created_at')}, session "
        "FROM projects_activity WHERE id > %s AND id <= %s AND position IS NULL AND group_id IS NOT NULL "
        "ORDER BY id LIMIT %s"
    )
    while rows := _rows(query, [packed, newest, BATCH]):  # one query that stays open would hold up writers
        packed = rows[-1][0]
        for row in rows:
            if found and found[-1][1:3] != row[1:3]:
                yield found
                found = []
            found.append(row)
    if found:
        yield found


def _operation(row: SqlRow, names: Names, format: int) -> Operation:
    _, _, _, kind, pk, action, changes, extra, created_at, _ = row
    by_column = {field.column: field for field in BY_NAME[kind].travelling_in(format)}
    values: dict[str, tuple[Json, Json]] = {}
    claim = False
    for change in json.loads(changes):
        column, old, new = change["field"], change["old"], change["new"]
        claim |= column == "claimed_by_id" and new is not None and action == "updated"
        if column in by_column:
            values[column] = (old, new)
    also: dict[str, Json] = json.loads(extra) if extra else {}
    stamps = also.pop("stamps", {})
    for column, new in also.items():
        if column not in by_column and column != "deleted_at":
            continue  # a newer format has it
        unchanged = None if action == "created" or column == "deleted_at" else new
        values[column] = (values.get(column, (unchanged, None))[0], new)
    named: dict[str, tuple[Json, Json]] = {}
    for column, (old, new) in values.items():
        field = by_column.get(column)
        if field is None:
            named[column] = (old, new)  # deleted_at
        elif field.kind == PERSON:
            named[field.name] = (names.of(old), names.of(new))
        else:
            named[field.name] = (old, new)
    return Operation(
        at=exact_moment(created_at),
        type=kind,
        id=str(uuid.UUID(pk)),
        action=action,
        changes=named,
        stamps={name: names.of(value) if name.endswith("_by") else value for name, value in stamps.items()},
        claim=claim and "status" in named,
    )


def exact_moment(text: str) -> str:
    """Convert a moment from the form of the database to that of operations."""
    return f"{text.replace(' ', 'T')}{'' if '.' in text else '.000000'}Z"


class _Bases:
    """The log positions that this clone had applied when each activity from `first` to `last` was written."""

    def __init__(self, first: int, last: int) -> None:
        query = "SELECT coalesce(max(position), 0) FROM projects_syncadvance WHERE activity_id < %s"
        [(known,)] = _rows(query, [first])
        self._position = int(known)
        self._following = deque(
            _rows(
                "SELECT activity_id, position FROM projects_syncadvance WHERE activity_id >= %s AND activity_id < %s "
                "ORDER BY activity_id",
                [first, last],
            )
        )

    def before(self, activity: int) -> int:
        """Return that of an activity; those asked for before must be older."""
        while self._following and self._following[0][0] < activity:
            self._position = max(self._position, self._following.popleft()[1])
        return self._position


class Names(dict[str, str]):
    """Usernames by the hexadecimal ID."""

    def __missing__(self, digits: str) -> str:
        ((name,),) = _rows("SELECT username FROM projects_user WHERE id = %s", [digits])
        self[digits] = name
        return str(name)

    def of(self, pk: str | None) -> str | None:
        """Return the name of a dashed ID."""
        return None if pk is None else self[pk.replace("-", "")]


def _rows(query: str, values: Iterable[SqlRow] = ()) -> list[SqlRow]:
    with connection.cursor() as cursor:
        cursor.execute(query, list(values))
        found: list[SqlRow] = cursor.fetchall()
        return found

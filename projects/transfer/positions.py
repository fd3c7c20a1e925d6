"""Ordering keys for the rows of files by earlier versions and other tools, whose positions are numbers."""

from __future__ import annotations

import uuid
from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from django.db import connection

from projects.engine import dialect
from projects.models import WorkItem
from projects.ordering_keys import MAX_LENGTH, keys_between
from projects.transfer.journal import many
from projects.transfer.merge_plan import WRITTEN
from projects.transfer.tables import WORK_ITEMS

ITEMS = WORK_ITEMS.staged
IS_NUMBER, AS_NUMBER = dialect.is_number("s.position"), dialect.as_number("s.position")


class Row(NamedTuple):
    """A work item of the file."""

    rowid: int
    is_written: int  # 0 if the board keeps its own version
    key: str | None  # the position on the board; None for a new item


def convert_numbers() -> None:
    """Give a key to each row with a number that will be written, so that the items stand in the order of the file.

    A row keeps the key that it has on the board if that fits, so an item does not move only because a file lists it.
    Each other row gets a place directly after the row before it. The first rows come directly before the first one
    that keeps its key, or at the end of the project if none does. Rows that are not written are never moved.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT project_id FROM {ITEMS} s WHERE act IN {WRITTEN} AND {IS_NUMBER}")  # noqa: S608
        projects = [project for (project,) in cursor.fetchall()]
    for project in projects:
        keys: dict[int, str] = {}
        rows = _rows(project)
        held = _longest_rise(row for row in rows if not row.is_written)
        segment: list[Row] = []
        low: str | None = None
        for row in rows:
            if row.rowid in held:
                keys |= _arranged(project, segment, low, row.key)
                segment, low = [], row.key
            elif row.is_written:
                segment.append(row)
        keys |= _arranged(project, segment, low, None)
        many(f"UPDATE {ITEMS} SET position = %s WHERE rowid = %s", [(key, rowid) for rowid, key in keys.items()])  # noqa: S608


def _rows(project: str) -> list[Row]:
    """Return the rows with a number in the order of the file."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT s.rowid, s.act IN {WRITTEN}, t.position FROM {ITEMS} s
            LEFT JOIN projects_workitem t ON t.id = s.id
            WHERE s.project_id = %s AND {IS_NUMBER} ORDER BY {AS_NUMBER}, s.item_number, s.id
            """,  # noqa: S608
            [project],
        )
        return [Row(*values) for values in cursor.fetchall()]


def _longest_rise(rows: Iterable[Row]) -> set[int]:
    """Return the row IDs of a longest subsequence with rising keys, by patience sorting."""
    ends: list[str] = []  # the lowest last key of a subsequence of each length
    places: list[int] = []  # its row
    previous: dict[int, int | None] = {}
    for row in rows:
        if row.key is None:
            continue
        length = bisect_left(ends, row.key)
        previous[row.rowid] = places[length - 1] if length else None
        ends[length : length + 1], places[length : length + 1] = [row.key], [row.rowid]
    found: set[int] = set()
    rowid = places[-1] if places else None
    while rowid is not None:
        found.add(rowid)
        rowid = previous[rowid]
    return found


def _arranged(project: str, rows: list[Row], low: str | None, high: str | None) -> dict[int, str]:
    """Return the keys of consecutive rows that stand between the keys `low` and `high` of the board."""
    held = _longest_rise(
        row for row in rows if row.key and (low is None or low < row.key) and (high is None or row.key < high)
    )
    found: dict[int, str] = {}
    waiting: list[int] = []
    for row in rows:
        if row.key is None or row.rowid not in held:
            waiting.append(row.rowid)
            continue
        found |= zip(waiting, _new_keys(project, low, row.key, len(waiting)), strict=True)
        found[row.rowid] = row.key
        waiting, low = [], row.key
    return found | dict(zip(waiting, _new_keys(project, low, high, len(waiting)), strict=True))


def _new_keys(project: str, low: str | None, high: str | None, count: int) -> list[str]:
    """Return `count` unused keys directly after `low`, else directly before `high`, else at the end of the project."""
    if not count:
        return []
    items, project_id = WorkItem.objects.all(), uuid.UUID(project)
    if low is not None:
        high = items.next_position(project_id, low, before=False)
    elif high is not None:
        low = items.next_position(project_id, high, before=True)
    else:
        low = items.last_position(project_id)
    keys = keys_between(low, high, count)
    return keys if max(map(len, keys)) <= MAX_LENGTH else keys_between(None, None, count)

"""Import again: what changed in the other tracker since the last import, and was not changed here, is an update.

The base of the merge is what the last import set, by the activity; so it needs no table of its own, and all clones
know it. A field that changed on both sides stays as it is here, and is reported.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from projects.loose_types import Json, SqlRow
from projects.models.activity import IMPORTED
from projects.models.prepared_queries import Row
from projects.transfer.converters import history_value
from projects.transfer.journal import BATCH, fetch, many
from projects.transfer.tables import BY_TYPE, WORK_ITEMS, Table

MERGED = (WORK_ITEMS, BY_TYPE["comment"], BY_TYPE["criterion"])
# Columns that are merged as one, by table: either side's values hold for all of them.
_TOGETHER: dict[str, tuple[tuple[str, ...], ...]] = {
    WORK_ITEMS.collection: (
        ("status", "close_reason", "closing", "evidence", "started_at", "completed_at"),
        ("item_type", "parent_id", "sprint_id"),
    ),
    BY_TYPE["criterion"].collection: (("text", "ticked_by_id", "ticked_at"),),
}
# Columns that stay as they are on the board.
_KEPT = ("id", "project_id", "work_item_id", "item_number", "position", "external_ref", "created_at", "created_by")
_STAMPS = ("version", "updated_at", "updated_by")
_CHANGED = "updated_at"


class Difference(NamedTuple):
    """A field that both sides changed."""

    key: str
    field: str
    here: Json
    there: Json


# The column of an item for each field of a file with columns, where the names differ. Types come from the hierarchy.
_COLUMNS = {
    "parent": "parent_id",
    "sprint": "sprint_id",
    "assignee": "assignee_id",
}


def merge(
    actor_id: str,
    on_conflict: Callable[[Difference], None],
    unchanged: Counter[str],
    absent: Iterable[str] = (),
    guessed: Mapping[str, frozenset[str]] | None = None,
) -> None:
    """Replace the staged rows that the board has by the merge of both; count those that it has already.

    What is `absent`, fields that the file has no column for, stays as it is, and so do the fields in `guessed`, by the
    ID of the item, whose values there are unknown. Call it before the rows are compared with the board.
    """
    kept = frozenset(_COLUMNS.get(name, name) for name in absent)
    for table in MERGED:
        for batch in fetch(_pairs(table)):
            unchanged[table.collection] += _merge_batch(table, batch, actor_id, on_conflict, kept, guessed or {})


def _pairs(table: Table) -> str:
    there = ", ".join(column.select("s") for column in table.columns)
    here = ", ".join(column.select("t") for column in table.columns)
    return f"""
        SELECT s.rowid, {table.display_key}, {there}, {here} FROM {table.staged_source} WHERE t.deleted_at IS NULL
        ORDER BY s.rowid
    """  # noqa: S608


def _merge_batch(
    table: Table,
    batch: list[SqlRow],
    actor_id: str,
    on_conflict: Callable[[Difference], None],
    kept: frozenset[str],
    guessed: Mapping[str, frozenset[str]],
) -> int:
    """Merge some rows; return how many the board has already."""
    width = len(table.columns)
    bases = _bases(table, [row[2] for row in batch])
    now = str(timezone.now().replace(tzinfo=None))
    written: list[Row] = []
    dropped: list[Row] = []
    for rowid, key, *values in batch:
        there, here = values[:width], values[width:]
        unknown = guessed.get(there[0], frozenset())
        merged = _merged(table, key, there, here, bases.get(there[0], {}), on_conflict, kept, unknown)
        if merged is None:
            dropped.append((rowid,))
            continue
        by_name = dict(zip((column.name for column in table.columns), merged, strict=True))
        by_name |= {"version": by_name["version"] + 1, _CHANGED: now, "updated_by": actor_id}
        written.append((*by_name.values(), rowid))
    assigned = ", ".join(f'"{column.sql}" = %s' for column in table.columns)
    many(f"UPDATE {table.staged} SET {assigned} WHERE rowid = %s", written)  # noqa: S608
    many(f"DELETE FROM {table.staged} WHERE rowid = %s", dropped)  # noqa: S608
    return len(dropped)


def _merged(
    table: Table,
    key: str,
    there: list[SqlRow],
    here: list[SqlRow],
    base: dict[str, Json],
    on_conflict: Callable[[Difference], None],
    kept: frozenset[str],
    unknown: frozenset[str],
) -> list[SqlRow] | None:
    """Return the row as it should be; None if the board has it already."""
    places = {column.name: place for place, column in enumerate(table.columns)}
    result, is_changed = list(here), False
    for group in _groups(table):
        names = [name for name in group if name in places and name not in kept]
        if group[0] in kept or not names:
            continue
        tracked = [name for name in names if name in base]
        changed_there = [name for name in tracked if _form(table, places[name], there) != base[name]]
        if not changed_there or group[0] in unknown & {*changed_there}:
            continue
        changed_here = [name for name in tracked if _form(table, places[name], here) != base[name]]
        if all(there[places[name]] == here[places[name]] for name in changed_there):
            continue
        if changed_here:
            for name in changed_there:
                column = table.columns[places[name]]
                on_conflict(
                    Difference(
                        key, name, history_value(column, here[places[name]]), history_value(column, there[places[name]])
                    )
                )
            continue
        for name in names:
            result[places[name]] = there[places[name]]
        is_changed = True
    return result if is_changed else None


def _groups(table: Table) -> list[tuple[str, ...]]:
    together = _TOGETHER.get(table.collection, ())
    inside = {name for group in together for name in group}
    single = [
        (column.name,)
        for column in table.columns
        if column.name not in (*_KEPT, *_STAMPS) and column.name not in inside
    ]
    return [*together, *single]


def _form(table: Table, place: int, row: list[SqlRow]) -> Json:
    return history_value(table.columns[place], row[place])


def _bases(table: Table, ids: list[str]) -> dict[str, dict[str, Json]]:
    """Return, by entity, the value that the last import set for each field that the history records."""
    names = {name for name, _ in table.tracked}
    found: dict[str, dict[str, Json]] = {}
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        marks = ", ".join(["%s"] * len(some))
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT entity_id, changes FROM projects_activity WHERE entity_id IN ({marks}) "  # noqa: S608
                "AND source = %s ORDER BY id",
                [*some, IMPORTED],
            )
            for entity, changes in cursor.fetchall():
                values = found.setdefault(entity, {})
                for change in json.loads(changes):
                    if change["field"] in names:
                        values[change["field"]] = change["new"]
    return found

"""Former IDs and keys: the names of items that were united with another one, or that have another number now.

A key leads to the item only in the clone that showed it. The ID of an item that was united with another one leads to
that one in all clones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import connection

from projects.loose_types import SqlRow
from projects.sync.fold import Result
from projects.sync.history_rows import shown_key
from projects.sync.state import Record, State

_INSERT = (
    "INSERT INTO projects_formerkey (key, item_id) VALUES (%s, %s) "
    "ON CONFLICT (key) DO UPDATE SET item_id = excluded.item_id, "
    "is_told = projects_formerkey.is_told AND projects_formerkey.item_id = excluded.item_id"
)
_IDS = "length(key) = 36 AND key LIKE '________-____-____-____-____________'"


def keep_ids(united: Mapping[str, str]) -> None:
    """Let the IDs of items that were united lead to those in their place."""
    rows = [(pk.upper(), item.replace("-", "")) for pk, item in united.items()]
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)
        cursor.executemany(
            "UPDATE projects_formerkey SET item_id = %s WHERE item_id = %s",
            [(item.replace("-", ""), pk.replace("-", "")) for pk, item in united.items()],
        )


def forget_unpublished(state: State) -> bool:
    """Forget the IDs that only unpublished groups united; return True if there were any."""
    loose = [key for (key,) in _rows(f"SELECT key FROM projects_formerkey WHERE {_IDS}")]  # noqa: S608 -- a constant
    loose = [key for key in loose if not state.found("alias", key.lower())]
    with connection.cursor() as cursor:
        cursor.executemany("DELETE FROM projects_formerkey WHERE key = %s", [(key,) for key in loose])
    return bool(loose)


def united(results: Iterable[Result]) -> dict[str, str]:
    """Return the IDs of the items that were united with others, and those others."""
    return {result.united: result.operation.id for result in results if result.united}


def keep_keys(state: State, results: Iterable[Result], numbers: Mapping[str, int]) -> None:
    """Remember the keys under which this clone showed items and questions that now have another number, or were united.

    `numbers` are those that new items had when they were created.
    """
    rows = []
    for result in results:
        record = state.record(result.operation.id)
        if record is not None and record.type == "project":
            rows += _keys_of_renamed(record)
        number = numbers.get(result.united or result.operation.id)
        if record is not None and number is not None and record.type == "question":
            if number != record.values["number"]:
                key = shown_key(state, record).rpartition(".")[0]
                rows.append((f"{key}.Q{number}", record.id.replace("-", "")))
            continue
        if record is None or number is None or record.type != "work_item":
            continue
        project = state.record(record.values["project"])
        if project is not None and number != record.values["item_number"]:
            rows.append((f"{project.values['key']}-{number}", record.id.replace("-", "")))
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)


def _keys_of_renamed(project: Record) -> list[tuple[str, str]]:
    """Return the keys that the items of a project have had here, and their IDs, if it has another key now."""
    pk = project.id.replace("-", "")
    old = _rows("SELECT key FROM projects_project WHERE id = %s", pk)
    if not old or old[0][0] == project.values["key"]:
        return []
    items = _rows("SELECT item_number, id FROM projects_workitem WHERE project_id = %s", pk)
    return [(f"{old[0][0]}-{number}", item) for number, item in items]


def _rows(query: str, *values: str) -> list[SqlRow]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        found: list[SqlRow] = cursor.fetchall()
        return found

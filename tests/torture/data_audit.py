"""Audit a database: all tables and indexes must agree, row by row."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from projects.entities.registry import ENTITIES
from tests.projects import links

# By entity type; the activity of each entity must match its row.
TABLES = {entity.name: f"projects_{entity.name.replace('_', '')}" for entity in ENTITIES}
_INDEXED = """
    SELECT entry.entity_type, entry.entity_id, text.key, text.title, text.body
    FROM projects_searchentry entry LEFT JOIN projects_search text ON text.rowid = entry.id
"""
TEXTS = """
    SELECT 'project', id, key, title, description FROM projects_project
    UNION ALL SELECT 'work_item', item.id, project.key || '-' || item.item_number
        || CASE item.external_ref WHEN '' THEN '' ELSE ' ' || item.external_ref END, item.title, item.description
    FROM projects_workitem item JOIN projects_project project ON project.id = item.project_id
    UNION ALL SELECT 'comment', id, '', '', content FROM projects_comment
"""
_SHOWN = """
    SELECT entry.entity_type, entry.entity_id, shown.project_id
    FROM projects_searchshown shown LEFT JOIN projects_searchentry entry ON entry.id = shown.entry_id
"""
LIVING = """
    SELECT 'project', id, id FROM projects_project
    UNION ALL SELECT 'work_item', id, project_id FROM projects_workitem WHERE deleted_at IS NULL
    UNION ALL SELECT 'comment', comment.id, item.project_id FROM projects_comment comment
    JOIN projects_workitem item ON item.id = comment.work_item_id
    WHERE comment.deleted_at IS NULL AND item.deleted_at IS NULL
"""
_LABELS = "SELECT DISTINCT item.id, label.value FROM projects_workitem item, json_each(item.labels) label"

_FAR = """
    (SELECT count(*) FROM projects_dependency link JOIN projects_workitem other ON other.id = link.{}
     WHERE link.{} = item.id AND link.dependency_type = 'blocks' AND link.deleted_at IS NULL
     AND other.deleted_at IS NULL AND other.status NOT IN ('done', 'cancelled'))
"""
_LINKED = f"""
    SELECT item.id, item.open_blockers, item.unblocks, {_FAR.format("blocking_item_id", "blocked_item_id")},
        {_FAR.format("blocked_item_id", "blocking_item_id")} FROM projects_workitem item
"""


def faults(database: Path, *, merged: bool = False, searched: bool = True) -> list[str]:
    """Return all inconsistencies. The database is opened for writing, because FTS5's own check is an INSERT.

    Rows `merged` from other boards have versions that were created there and have no activity here. A copy of the rows
    of another engine is not `searched`.
    """
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        checks = [check for check in CHECKS if searched or check is not _searchable]
        found = [fault for check in checks for fault in check(connection)]
        return [*found, *_histories(connection, merged)]


def _whole(connection: sqlite3.Connection) -> Iterator[str]:
    found = [text for (text,) in connection.execute("PRAGMA integrity_check")]
    if found != ["ok"]:
        yield f"integrity_check: {found[:3]}"
    for row in connection.execute("PRAGMA foreign_key_check").fetchmany(3):
        yield f"foreign_key_check: {row}"


def _searchable(connection: sqlite3.Connection) -> Iterator[str]:
    yield from _differ(connection, "search", _INDEXED, TEXTS)
    yield from _differ(connection, "shown by search", _SHOWN, LIVING)
    count = "SELECT (SELECT count(*) FROM projects_search), (SELECT count(*) FROM projects_searchentry)"
    texts, entries = connection.execute(count).fetchone()
    if texts != entries:
        yield f"search has {texts} texts for {entries} entries"
    try:  # check the index itself against the texts that it stores
        connection.execute("INSERT INTO projects_search(projects_search, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        yield f"search: {error}"


def _labelled(connection: sqlite3.Connection) -> Iterator[str]:
    yield from _differ(connection, "labels", "SELECT work_item_id, name FROM projects_itemlabel", _LABELS)


def _linked(connection: sqlite3.Connection) -> Iterator[str]:
    for pk, blockers, unblocks, holding, waiting in connection.execute(_LINKED):
        if (blockers, unblocks) != (holding, waiting):
            yield f"work_item {pk} has {blockers} blockers and unblocks {unblocks}; expected {holding} and {waiting}"


def _current(connection: sqlite3.Connection) -> Iterator[str]:
    query = f"SELECT item.id FROM projects_workitem item WHERE is_current <> {links.CURRENT}"
    for (pk,) in connection.execute(query):
        yield f"work_item {pk} has a wrong is_current"


def _counted(connection: sqlite3.Connection) -> Iterator[str]:
    yield from _differ(connection, "figures", links.KEPT, links.GROUPS)


def _numbered(connection: sqlite3.Connection) -> Iterator[str]:
    query = """
        SELECT project.key, project.next_work_item_number, max(item.item_number),
               count(*) - count(DISTINCT item.item_number)
        FROM projects_project project JOIN projects_workitem item ON item.project_id = project.id GROUP BY project.id
    """
    for key, following, highest, doubles in connection.execute(query):
        if highest >= following or doubles:
            yield f"{key}: highest number {highest}, next number {following}, {doubles} duplicates"


def _histories(connection: sqlite3.Connection, merged: bool) -> Iterator[str]:
    """Replay the activity: each change starts where the previous one ended, and the last one matches the row."""
    history: dict[tuple[str, str], list[tuple[int, str, list[dict[str, Any]]]]] = defaultdict(list)
    query = "SELECT entity_type, entity_id, version, action, changes FROM projects_activity ORDER BY id"
    for kind, pk, version, action, changes in connection.execute(query):
        history[kind, pk].append((version, action, json.loads(changes)))
    connection.row_factory = sqlite3.Row
    for kind, table in TABLES.items():
        for row in connection.execute(f"SELECT * FROM {table}"):
            changes_of = history.pop((kind, row["id"]), [])
            for fault in _replayed(changes_of, row, merged):
                yield f"{kind} {row['id']}: {fault}"
    connection.row_factory = None
    for kind, pk in history:
        yield f"{kind} {pk} has activity but no row"


def _replayed(changes_of: list[tuple[int, str, list[dict[str, Any]]]], row: sqlite3.Row, merged: bool) -> Iterator[str]:
    versions = [version for version, _, _ in changes_of]
    # An imported row may start above version 1.
    due = sorted(set(versions)) if merged else list(range(versions[0] if changes_of else 1, row["version"] + 1))
    if not changes_of or versions != due or versions[-1] != row["version"] or changes_of[0][1] != "created":
        yield f"version {row['version']}, activity of {versions[:20]}"
        return
    state: dict[str, Any] = {}
    deleted = False
    for version, action, changes in changes_of:
        deleted = action == "deleted" or (deleted and action != "restored")
        for change in changes:
            name = change["field"]
            if not _same(name, change["old"], state.get(name)):
                yield f"version {version} changed {name} from {change['old']!r}, which was {state.get(name)!r}"
            state[name] = change["new"]
    if deleted is not (row["deleted_at"] is not None):
        yield f"deleted_at is {row['deleted_at']}, the activity says {'deleted' if deleted else 'living'}"
    for name, value in state.items():
        if not _same(name, value, row[name]):
            yield f"{name} is {row[name]!r}, the activity says {value!r}"


def _same(name: str, one: Any, other: Any) -> bool:
    return bool(_plain(name, one) == _plain(name, other))


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, str):
        if name.endswith("_id"):
            return value.replace("-", "")
        if name.endswith("_at"):
            return value.replace("T", " ").rstrip("Z")[:23].ljust(23, "0")  # the activity stores milliseconds
        if name == "labels":
            return json.loads(value)
    return value


def _differ(connection: sqlite3.Connection, what: str, one: str, other: str) -> Iterator[str]:
    for sign, left, right in (("only in the index", one, other), ("not in the index", other, one)):
        query = f"SELECT * FROM ({left}) EXCEPT SELECT * FROM ({right})"
        for row in connection.execute(query).fetchmany(3):
            yield f"{what}, {sign}: {row}"


CHECKS = (_whole, _searchable, _labelled, _linked, _current, _counted, _numbered)

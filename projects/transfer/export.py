"""Export the board, or one project, as a deterministic file: the same data gives the same bytes.

One row per line, rows sorted by ID, keys sorted, no export timestamp: files diff and merge line by line.
Deleted rows and their dependents are omitted; `deleted` lists deleted IDs and timestamps.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from django.db import connection

from projects.engine import dialect
from projects.models import Project
from projects.transfer.converters import OUTWARD, dashed, encode, moment
from projects.transfer.tables import SCHEMA_VERSION, TABLES, WORK_ITEMS, Table

BATCH = 500  # rows


def write(target: IO[bytes], project: Project | None = None) -> dict[str, int]:
    """Write the export to `target` from one snapshot; return the number of rows per collection."""
    with snapshot():
        return _write(target, project.pk.hex if project else None)


@contextmanager
def snapshot() -> Iterator[None]:
    """Read from one consistent snapshot inside the block, without taking the write lock."""
    with dialect.snapshot():
        yield


def _write(target: IO[bytes], project_id: str | None) -> dict[str, int]:
    users: set[str] = set()
    counts: dict[str, int] = {}
    target.write(b'{"schema_version":%d' % SCHEMA_VERSION)
    for table in TABLES:
        counts[table.collection] = _collection(target, table.collection, _rows(table, project_id, users))
    counts["users"] = _collection(target, "users", _users(users))
    counts["deleted"] = _collection(target, "deleted", _deleted(project_id))
    # A truncated file lacks this line and is not valid JSON, so it can't pass for a complete export.
    target.write(b"\n}\n")
    return counts


def _collection(target: IO[bytes], name: str, rows: Iterator[list[dict[str, object]]]) -> int:
    target.write(b',\n"%s":[' % name.encode())
    count = 0
    for batch in rows:
        lines = ",\n".join(map(encode, batch))
        target.write((",\n" if count else "\n").encode() + lines.encode())
        count += len(batch)
    target.write(b"\n]" if count else b"]")
    return count


def _rows(table: Table, project_id: str | None, users: set[str]) -> Iterator[list[dict[str, object]]]:
    columns = table.columns
    names = [column.name for column in columns]
    picked = [column.select("t") for column in columns]
    if table is WORK_ITEMS:
        names.append("display_key")
        picked.append(table.display_key)
    living = " AND ".join(f"{alias}.deleted_at IS NULL" for alias in table.alive)
    narrowed = f"AND {table.project} = %s" if project_id else ""
    # CROSS JOIN fixes SQLite's join order, so rows come sorted from the ID index.
    joins = table.joins.replace("JOIN", dialect.JOIN)
    convert = [(place, OUTWARD[column.kind]) for place, column in enumerate(columns) if column.kind in OUTWARD]
    stamped = [place for place, column in enumerate(columns) if column.kind == "user"]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(picked)} FROM {table.sql} t {joins} WHERE {living} {narrowed} ORDER BY t.id",  # noqa: S608
            [project_id] if project_id else [],
        )
        while batch := cursor.fetchmany(BATCH):
            found = []
            for values in map(list, batch):
                users.update(values[place] for place in stamped if values[place] is not None)
                for place, form in convert:
                    if values[place] is not None:
                        values[place] = form(values[place])
                found.append(dict(zip(names, values, strict=True)))
            yield found


def _users(ids: set[str]) -> Iterator[list[dict[str, object]]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), BATCH):
        some = ordered[start : start + BATCH]
        marks = ", ".join(["%s"] * len(some))
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id, username, is_agent FROM projects_user WHERE id IN ({marks}) ORDER BY id",  # noqa: S608
                some,
            )
            yield [
                {"id": dashed(pk), "username": username, "is_agent": bool(is_agent)}
                for pk, username, is_agent in cursor.fetchall()
            ]


def _deleted(project_id: str | None) -> Iterator[list[dict[str, object]]]:
    narrowed = {table: f"AND {table.project} = %s" if project_id else "" for table in TABLES}
    parts = [
        f"SELECT '{table.type}' AS type, t.id AS id, {dialect.time_text('t.deleted_at')} AS moment "  # noqa: S608
        f"FROM {table.source} WHERE t.deleted_at IS NOT NULL {narrowed[table]}"
        for table in TABLES
    ]
    own = "WHERE project_id = %s" if project_id else ""
    parts.append(f"SELECT entity_type, entity_id, {dialect.time_text('deleted_at')} FROM projects_tombstone {own}")  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(
            f"{' UNION ALL '.join(parts)} ORDER BY 1, 2",
            [project_id] * len(parts) if project_id else [],
        )
        while batch := cursor.fetchmany(BATCH):
            yield [{"type": kind, "id": dashed(pk), "deleted_at": moment(when)} for kind, pk, when in batch]

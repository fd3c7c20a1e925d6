"""Load the rows of a file into temporary tables: each row validated on its own, not yet compared with the board.

Staging takes no lock on the board. `place` is a row's index in its list, `act` the planned action. INVALID has the IDs
of the rows that were refused, so that a reference to one of them is not a second error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connection

from projects.transfer.exceptions import Errors
from projects.transfer.file_reader import COLLECTIONS, FileRow
from projects.transfer.row_validation import Value, clean, clean_deletion, clean_user, find_id
from projects.transfer.tables import BY_COLLECTION, TABLES, WORK_ITEMS

BATCH = 500  # rows
CACHE = 64 * 1024  # KiB of page cache; with the default 2 MiB the indexes of a large board thrash
USERS = "temp.import_users"
DELETED = "temp.import_deleted"
INVALID = "temp.import_invalid"
CHANGES = "temp.import_changes"  # of items, by an import from another tracker: when they were changed there


@contextmanager
def staged(rows: Iterable[tuple[str, int, FileRow]], errors: Errors) -> Iterator[None]:
    """Stage the valid ones of `rows` in each table's `staged` table, USERS and DELETED; add the others to `errors`.

    Raises BadFile if the file can't be read to its end, or has too many errors.
    """
    with large_cache():
        try:
            with _savepoint():
                _make()
                _fill(rows, errors)
                _index()
            yield
        finally:
            _drop()


def remember_changes() -> None:
    """Keep when each staged item was changed in the other tracker, for the activity."""
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {CHANGES} SELECT id, updated_at FROM {WORK_ITEMS.staged}")  # noqa: S608


@contextmanager
def large_cache(size: int = CACHE) -> Iterator[None]:
    """Give the connection a page cache of `size` KiB, by default one that the indexes of a large board fit in."""
    with connection.cursor() as cursor:
        (before,) = cursor.execute("PRAGMA cache_size").fetchone()
        cursor.execute(f"PRAGMA cache_size = -{size}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA cache_size = {before:d}")


@contextmanager
def _savepoint() -> Iterator[None]:
    # One transaction for all INSERTs; it locks only the temporary tables.
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT pm_staging")
        try:
            yield
        finally:
            cursor.execute("RELEASE pm_staging")


def _make() -> None:
    _drop()
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"CREATE TEMP TABLE import_{table.collection} (place, act, was, {table.column_names})")
        cursor.execute("CREATE TEMP TABLE import_users (place, id, username, is_agent)")
        cursor.execute("CREATE TEMP TABLE import_deleted (place, type, id, deleted_at)")
        cursor.execute("CREATE TEMP TABLE import_invalid (id)")
        cursor.execute("CREATE TEMP TABLE import_changes (id PRIMARY KEY, at) WITHOUT ROWID")


def _drop() -> None:
    with connection.cursor() as cursor:
        for name in (*(table.staged for table in TABLES), USERS, DELETED, INVALID, CHANGES):
            cursor.execute(f"DROP TABLE IF EXISTS {name}")


def _fill(rows: Iterable[tuple[str, int, FileRow]], errors: Errors) -> None:
    batches: dict[str, list[list[Value]]] = {name: [] for name in (*COLLECTIONS, "invalid")}
    for name, index, row in rows:
        cleaned = _cleaned(name, index, row, errors)
        if cleaned is not None:
            batch = batches[name]
            batch.append([index, *cleaned])
            if len(batch) >= BATCH:
                _insert(name, batch)
                batch.clear()
        elif (pk := find_id(row)) is not None:
            batches["invalid"].append([pk])
    for name, batch in batches.items():
        _insert(name, batch)


def _cleaned(name: str, index: int, row: FileRow, errors: Errors) -> list[Value] | None:
    """Return the values of a row for its temporary table, without `place`; None if the row is invalid."""
    if name == "users":
        return clean_user(index, row, errors)
    if name == "deleted":
        return clean_deletion(index, row, errors)
    values = clean(BY_COLLECTION[name], index, row, errors)
    return None if values is None else [None, None, *values]


def _insert(name: str, rows: list[list[Value]]) -> None:
    if rows:
        marks = ", ".join(["%s"] * len(rows[0]))
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO temp.import_{name} VALUES ({marks})", rows)  # noqa: S608


def _index() -> None:
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"CREATE INDEX temp.{table.collection}_id ON import_{table.collection} (id)")
            if table.unique:
                columns = ", ".join(table.unique)
                cursor.execute(f"CREATE INDEX temp.{table.collection}_unique ON import_{table.collection} ({columns})")
        number = f"import_{WORK_ITEMS.collection} (project_id, item_number)"
        cursor.execute(f"CREATE INDEX temp.work_items_number ON {number}")
        cursor.execute("CREATE INDEX temp.deleted_id ON import_deleted (id, deleted_at)")
        cursor.execute("CREATE INDEX temp.users_id ON import_users (id)")
        cursor.execute("CREATE INDEX temp.invalid_id ON import_invalid (id)")

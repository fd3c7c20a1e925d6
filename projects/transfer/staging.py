"""Load the rows of a file into temporary tables: each row validated on its own, not yet compared with the board.

Staging takes no lock on the board. `place` is a row's index in its list, `act` the planned action. INVALID has the IDs
of the rows that were refused, so that a reference to one of them is not a second error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connection

from projects.engine import dialect
from projects.transfer.exceptions import Errors
from projects.transfer.file_reader import COLLECTIONS, FileRow
from projects.transfer.row_validation import Value, clean, clean_deletion, clean_user, find_id
from projects.transfer.tables import BY_COLLECTION, TABLES, WORK_ITEMS

BATCH = 500  # rows
PLAN = {"place": "integer", "act": "text", "was": "text"}
OTHERS = {
    "users": {"place": "integer", "id": "uuid", "username": "text", "is_agent": "boolean"},
    "deleted": {"place": "integer", "type": "text", "id": "uuid", "deleted_at": "timestamptz"},
    "invalid": {"id": "uuid"},
}
USERS = f"{dialect.TEMP}import_users"
DELETED = f"{dialect.TEMP}import_deleted"
INVALID = f"{dialect.TEMP}import_invalid"
CHANGES = f"{dialect.TEMP}import_changes"  # of items, by an import from another tracker: when they were changed there


@contextmanager
def staged(rows: Iterable[tuple[str, int, FileRow]], errors: Errors) -> Iterator[None]:
    """Stage the valid ones of `rows` in each table's `staged` table, USERS and DELETED; add the others to `errors`.

    Raises BadFile if the file can't be read to its end, or has too many errors.
    """
    with dialect.large_cache():
        try:
            with dialect.batch():
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


def _make() -> None:
    _drop()
    with connection.cursor() as cursor:
        for table in TABLES:
            columns = dialect.columns(**PLAN, **dialect.types_of(column.field for column in table.columns))
            cursor.execute(f"CREATE TEMP TABLE import_{table.collection} ({columns}{dialect.ROWID})")
        for name, types in OTHERS.items():
            cursor.execute(f"CREATE TEMP TABLE import_{name} ({dialect.columns(**types)})")
        changes = dialect.columns(id="uuid PRIMARY KEY", at="timestamptz")
        cursor.execute(f"CREATE TEMP TABLE import_changes ({changes}){dialect.WITHOUT_ROWID}")


def _drop() -> None:
    dialect.drop_tables(*(table.staged for table in TABLES), USERS, DELETED, INVALID, CHANGES)


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
            cursor.executemany(f"INSERT INTO {dialect.TEMP}import_{name} VALUES ({marks})", rows)  # noqa: S608


def _index() -> None:
    with connection.cursor() as cursor:
        for table in TABLES:
            staged = f"import_{table.collection}"
            cursor.execute(dialect.index(f"{table.collection}_id", staged, "id"))
            if table.unique:
                cursor.execute(dialect.index(f"{table.collection}_unique", staged, ", ".join(table.unique)))
        number = f"import_{WORK_ITEMS.collection}"
        cursor.execute(dialect.index("work_items_number", number, "project_id, item_number"))
        cursor.execute(dialect.index("deleted_id", "import_deleted", "id, deleted_at"))
        cursor.execute(dialect.index("users_id", "import_users", "id"))
        cursor.execute(dialect.index("invalid_id", "import_invalid", "id"))
    dialect.analyze(*(table.staged for table in TABLES), USERS, DELETED, INVALID)

"""Load the rows of a file into temporary tables: each row validated on its own, not yet compared with the board.

Staging takes no lock on the board. `place` is a row's index in its list, `act` the planned action.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db import connection

from projects.models import User
from projects.transfer import file_reader
from projects.transfer.converters import clean_id, clean_time
from projects.transfer.exceptions import bad_row
from projects.transfer.row_validation import clean
from projects.transfer.tables import BY_COLLECTION, BY_TYPE, TABLES, WORK_ITEMS

BATCH = 500  # rows
CACHE = 64 * 1024  # KiB of page cache; with the default 2 MiB the indexes of a large board thrash
USERS = "temp.import_users"
DELETED = "temp.import_deleted"


@contextmanager
def staged(file: IO[bytes]) -> Iterator[None]:
    """Stage the rows of `file` in each table's `staged` table, USERS and DELETED. Raises BadFile."""
    with connection.cursor() as cursor:
        (before,) = cursor.execute("PRAGMA cache_size").fetchone()
        cursor.execute(f"PRAGMA cache_size = -{CACHE}")
        try:
            with _savepoint():
                _make()
                _fill(file)
                _index()
            yield
        finally:
            _drop()
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
            columns = ", ".join(f'"{column.sql}"' for column in table.columns)
            cursor.execute(f"CREATE TEMP TABLE import_{table.collection} (place, act, was, {columns})")
        cursor.execute("CREATE TEMP TABLE import_users (place, id, username, is_agent)")
        cursor.execute("CREATE TEMP TABLE import_deleted (place, type, id, deleted_at)")


def _drop() -> None:
    with connection.cursor() as cursor:
        for name in (*(table.staged for table in TABLES), USERS, DELETED):
            cursor.execute(f"DROP TABLE IF EXISTS {name}")


def _fill(file: IO[bytes]) -> None:
    batches: dict[str, list[list[Any]]] = {name: [] for name in file_reader.COLLECTIONS}
    for name, index, row in file_reader.rows(file):
        batch = batches[name]
        batch.append([index, *_cleaned(name, index, row)])
        if len(batch) >= BATCH:
            _insert(name, batch)
            batch.clear()
    for name, batch in batches.items():
        _insert(name, batch)


def _cleaned(name: str, index: int, row: dict[str, Any]) -> list[Any]:
    if name in BY_COLLECTION:
        return [None, None, *clean(BY_COLLECTION[name], index, row)]
    field = "id"
    try:
        pk = clean_id(row.get("id"))
        if name == "users":
            field = "username"
            username, is_agent = row.get(field), row.get("is_agent")
            if not isinstance(username, str):
                raise ValidationError("must be text")
            return [pk, User.objects.clean_name(username), is_agent is True]
        field = "type"
        if row.get(field) not in BY_TYPE:
            raise ValidationError(f"must be one of {', '.join(BY_TYPE)}")
        field = "deleted_at"
        return [row["type"], pk, clean_time(row.get(field))]
    except ValidationError as error:
        raise bad_row(name, index, row.get("id"), field, "; ".join(error.messages)) from None


def _insert(name: str, rows: list[list[Any]]) -> None:
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

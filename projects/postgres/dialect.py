"""The SQL of PostgreSQL where that of SQLite differs. `projects.sqlite.dialect` has the same names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from django.db import connection, models, transaction

from projects.loose_types import AnyField

SCHEMA = "public"  # where the tables are
JOIN = "JOIN"
DIFFERS, SAME = "IS DISTINCT FROM", "IS NOT DISTINCT FROM"
LATEST = "greatest"
ANY_TRUE = "bool_or"
TEMP = "pg_temp."
ID = "CAST(%s AS uuid)"
ROWID = ", rowid bigint GENERATED ALWAYS AS IDENTITY"
WITHOUT_ROWID = ""
CACHE = 0
_PLACEHOLDER = re.compile("%[%s]")
_WORD = re.compile("[a-z_]+")
POSITION = "position"  # the column that holds keys and, in old files, numbers


def named_id(name: str) -> str:
    return f"CAST(%({name})s AS uuid)"


def fixed(sql: str, parameters: Sequence[Any]) -> tuple[str, list[Any]]:  # Any: of any column
    kept: list[Any] = []  # Any: as above
    rest = iter(parameters)

    def put(place: re.Match[str]) -> str:
        if place[0] == "%%":
            return place[0]
        value = next(rest)
        text = _constant(value)
        if text is None:
            kept.append(value)
        return text or place[0]

    return _PLACEHOLDER.sub(put, sql), kept


def _constant(value: object) -> str | None:
    if isinstance(value, str) and _WORD.fullmatch(value):
        return f"'{value}'"
    return str(value).lower() if isinstance(value, int) else None


def unindexed(name: str) -> str:
    return name


def types_of(fields: Iterable[AnyField]) -> dict[str, str]:
    return {str(field.column): _type(field) for field in fields}


def _type(field: AnyField) -> str:
    if field.column == POSITION and isinstance(field, models.CharField):
        return "text"
    return str((field.rel_db_type(connection) if field.is_relation else field.db_type(connection)) or "text")


def columns(**types: str) -> str:
    return ", ".join(f'"{name}" {kind}' for name, kind in types.items())


def index(name: str, table: str, columns: str) -> str:
    return f"CREATE INDEX {name} ON pg_temp.{table} ({columns})"


def analyze(*tables: str) -> None:
    with connection.cursor() as cursor:
        for name in tables:
            cursor.execute(f"ANALYZE {name}")


def drop_tables(*tables: str) -> None:
    if connection.connection is None or connection.connection.info.transaction_status.name == "INERROR":
        return  # the rollback undoes them
    with connection.cursor() as cursor:
        for name in tables:
            cursor.execute(f"DROP TABLE IF EXISTS {name}")


def time(name: str) -> str:
    return name


def time_text(name: str) -> str:
    return f"pm_text({name})"


def latest(first: str, *others: str) -> str:
    return f"greatest({', '.join((first, *others))})"  # which leaves out null


def comparable(name: str, field: AnyField) -> str:
    return f"{name}::text" if isinstance(field, models.JSONField) else name


def is_number(name: str) -> str:
    return f"{name} ~ '^[-+0-9]'"


def as_number(name: str) -> str:
    return f"CAST({name} AS double precision)"


def json_object(name: str, value: str) -> str:
    return f"json_build_object('{name}', pm_text({value}))"


def json_member(column: str, name: str) -> str:
    return f"{column} ->> '{name}'"


def json_with(document: str, name: str, column: str) -> str:
    return f"CAST(jsonb_set(CAST({document} AS jsonb), '{{{name}}}', CAST({column} -> '{name}' AS jsonb)) AS json)"


def values_of_list(field: AnyField) -> str:
    return f"(SELECT CAST(value AS {_type(field)}) FROM json_array_elements_text(%s))"  # noqa: S608 -- the type of a column


@contextmanager
def snapshot() -> Iterator[None]:
    if connection.in_atomic_block:  # a writer, beside whom nobody writes
        yield
        return
    with _block("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"):
        yield


def beside_writers() -> AbstractContextManager[object]:
    return nullcontext()


@contextmanager
def batch() -> Iterator[None]:
    if connection.in_atomic_block:
        with transaction.atomic():
            yield
        return
    with _block("BEGIN"):  # without the lock of the board
        yield


@contextmanager
def _block(begin: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(begin)
        try:
            yield
        except BaseException:
            if connection.connection is not None and not connection.connection.closed:
                cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")


@contextmanager
def large_cache(size: int = CACHE) -> Iterator[None]:
    yield


def ids_for_each(ids: str) -> str:
    return f"SELECT latest.id FROM json_array_elements_text(%s) one(value), LATERAL ({ids}) latest"  # noqa: S608 -- of ours


@contextmanager
def unsynchronized() -> Iterator[None]:
    if connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        try:
            yield
        finally:
            cursor.execute("SET synchronous_commit = on")

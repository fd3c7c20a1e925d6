"""The SQL of SQLite where that of PostgreSQL differs. `projects.postgres.dialect` has the same names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from django.db import connection, transaction

from projects.loose_types import AnyField

SCHEMA = "main"  # where the tables are
JOIN = "CROSS JOIN"  # SQLite keeps its order; needs ON
DIFFERS, SAME = "IS NOT", "IS"  # null equals null
LATEST = "max"  # of two values
ANY_TRUE = "max"  # of booleans
TEMP = "temp."  # the schema of temporary tables
ID = "%s"  # a parameter that is an ID, where nothing else says so
ROWID = ""  # a last column of a temporary table that numbers the rows, if the engine does not
WITHOUT_ROWID = " WITHOUT ROWID"
CACHE = 64 * 1024  # KiB of page cache; with the default 2 MiB the indexes of a large board thrash


def named_id(name: str) -> str:
    """Return a named parameter that is an ID, where nothing else says so."""
    return f"%({name})s"


def fixed(sql: str, parameters: Sequence[Any]) -> tuple[str, Sequence[Any]]:  # Any: of any column
    """Return a statement that is kept, with its constants in the text, and the parameters that vary.

    PostgreSQL keeps a plan only if it seems as good as one for the values of a call, and then it must know these.
    """
    return sql, parameters


def unindexed(name: str) -> str:
    """Return a column that no index is used for; see projects.sqlite.expressions."""
    return f"+{name}"


def types_of(fields: Iterable[AnyField]) -> dict[str, str]:
    """Return the columns of fields in a temporary table, each with its type."""
    return dict.fromkeys((str(field.column) for field in fields), "")


def columns(**types: str) -> str:
    """Return the columns of a temporary table; SQLite keeps each value as it is, if the column has no type."""
    return ", ".join(f'"{name}" PRIMARY KEY' if "PRIMARY KEY" in kind else f'"{name}"' for name, kind in types.items())


def index(name: str, table: str, columns: str) -> str:
    """Return the statement that makes an index of a temporary table."""
    return f"CREATE INDEX temp.{name} ON {table} ({columns})"


def analyze(*tables: str) -> None:
    """Count the rows of temporary tables, for the planner."""


def drop_tables(*tables: str) -> None:
    """Drop temporary tables, if they exist."""
    with connection.cursor() as cursor:
        for name in tables:
            cursor.execute(f"DROP TABLE IF EXISTS {name}")


def time(name: str) -> str:
    """Return a time or date as it is compared: as text, for SQLite's driver would convert a column."""
    return f"({name} || '')"


def time_text(name: str) -> str:
    """Return the text of a time or date, as SQLite stores it."""
    return f"({name} || '')"


def latest(first: str, *others: str) -> str:
    """Return the last of some times, of which all but the first may be null."""
    texts = (f"coalesce({time(other)}, '')" for other in others)
    return f"max({', '.join((time(first), *texts))})"


def comparable(name: str, field: AnyField) -> str:
    """Return a column in a form that has an equality."""
    return name


def is_number(name: str) -> str:
    """Return the condition that an ordering key is a number, in a column that holds both."""
    return f"typeof({name}) <> 'text'"


def as_number(name: str) -> str:
    return name


def json_object(name: str, value: str) -> str:
    """Return a JSON object with one member, which is a time."""
    return f"json_object('{name}', {value})"


def json_member(column: str, name: str) -> str:
    """Return a member of a JSON object."""
    return f"json_extract({column}, '$.{name}')"


def json_with(document: str, name: str, column: str) -> str:
    """Return a JSON document with a member of the one in a column."""
    return f"json_set({document}, '$.{name}', json_extract({column}, '$.{name}'))"


def values_of_list(field: AnyField) -> str:
    """Return a subquery for the values of a parameter, which is a JSON list of values of the field."""
    return "(SELECT value FROM json_each(%s))"


@contextmanager
def snapshot() -> Iterator[None]:
    """Let the reads inside see one state of the board, without the write lock."""
    # SAVEPOINT outside a transaction starts a deferred one; BEGIN would fail inside a transaction.
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT pm_snapshot")
        try:
            yield
        finally:
            cursor.execute("RELEASE pm_snapshot")


def beside_writers() -> AbstractContextManager[object]:
    """Let statements that each stand alone write rows that are not of the board; they wait for its writers here only.

    It must not be used in a transaction.
    """
    return transaction.atomic(durable=True)


@contextmanager
def batch() -> Iterator[None]:
    """Write many rows of temporary tables in one transaction, which does not lock the board."""
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT pm_staging")
        try:
            yield
        finally:
            cursor.execute("RELEASE pm_staging")


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


def ids_for_each(ids: str) -> str:
    """Return a query for IDs that the query `ids` finds for each value, `one.value`, of a JSON list."""
    return f"SELECT latest.value FROM json_each(%s) one, json_each((SELECT json_group_array(id) FROM ({ids}))) latest"  # noqa: S608 -- of ours


@contextmanager
def unsynchronized() -> Iterator[None]:
    """Let transactions not wait for the disk: after a power cut, what is lost is read from its source again.

    In WAL mode the database stays whole, and the next other transaction waits for these, too.
    """
    if connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        is_wal = cursor.fetchone()[0] == "wal"
        cursor.execute("PRAGMA synchronous")
        (before,) = cursor.fetchone()
        if is_wal:
            cursor.execute("PRAGMA synchronous = NORMAL")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA synchronous = {before:d}")

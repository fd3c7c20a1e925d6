"""Create, drop and compare the triggers and functions of the database, which are defined in two SQL files here.

`migrate` ends with `synchronize`, so that a database has exactly those of this version: a comment on one of our tables
holds the digest of both files.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import transaction

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

SOURCE = Path(__file__).with_suffix(".sql")
FUNCTIONS = SOURCE.with_name("functions.sql")
MARKED = "projects_itemcount"  # the table with the digest
_NAME = re.compile(r"^CREATE TRIGGER (\w+)", re.MULTILINE)
_EXISTING = """
    SELECT tgname, pg_get_triggerdef(pg_trigger.oid), tgrelid::regclass::text FROM pg_trigger
    JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE NOT tgisinternal AND relname LIKE 'projects\\_%' AND nspname = current_schema() ORDER BY tgname
"""
_OURS = """
    SELECT pg_proc.oid::regprocedure::text FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
    WHERE proname LIKE 'pm\\_%' AND nspname = current_schema()
"""


def digest() -> str:
    """Return a short hash of all definitions."""
    return hashlib.sha256(f"{_text(FUNCTIONS)}{_text(SOURCE)}".encode()).hexdigest()[:16]


def names() -> set[str]:
    """Return the names of the triggers that `triggers.sql` defines."""
    return set(_NAME.findall(_text(SOURCE)))


def existing(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """Return the SQL of each existing trigger on our tables by its name."""
    with connection.cursor() as cursor:
        cursor.execute(_EXISTING)
        return {name: sql for name, sql, _ in cursor.fetchall()}


def of_table(connection: BaseDatabaseWrapper, table: str) -> dict[str, str]:
    """Return the SQL of each existing trigger on a table by its name."""
    with connection.cursor() as cursor:
        cursor.execute(_EXISTING)
        return {name: sql for name, sql, owner in cursor.fetchall() if owner.strip('"') == table}


def differences(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the triggers that are missing or unknown, or of all if any is of another version."""
    wanted, found = names(), set(existing(connection))
    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description(%s::regclass)", [MARKED])
        [(mark,)] = cursor.fetchall()
    return sorted(wanted ^ found if mark == digest() else wanted | found)


def synchronize(connection: BaseDatabaseWrapper) -> None:
    """Replace all triggers and functions in one transaction if any differs from its definition."""
    if differences(connection):
        with transaction.atomic(using=connection.alias):
            drop_all(connection)
            create_all(connection)


def create_all(connection: BaseDatabaseWrapper) -> None:
    """Create every function and trigger."""
    _run(connection, (_text(FUNCTIONS), _text(SOURCE), f"COMMENT ON TABLE {MARKED} IS '{digest()}'"))


def drop_all(connection: BaseDatabaseWrapper) -> None:
    """Drop every trigger on our tables and every function, including those that this version no longer defines."""
    with connection.cursor() as cursor:
        cursor.execute(_EXISTING)
        triggers = [f'DROP TRIGGER "{name}" ON {table}' for name, _, table in cursor.fetchall()]
        cursor.execute(_OURS)
        functions = [f"DROP FUNCTION {name}" for (name,) in cursor.fetchall()]
    _run(connection, [*triggers, *functions])


def _run(connection: BaseDatabaseWrapper, statements: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")

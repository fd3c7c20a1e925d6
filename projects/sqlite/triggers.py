"""Create, drop and compare the triggers of the database, which are defined in `triggers.sql`.

SQLite drops the triggers of a table with the table, and Django rebuilds a table to add a constraint or to change a
column. The schema editor restores the existing triggers, and `migrate` ends with `synchronize`, so that a database has
exactly the triggers of this version. A change of `triggers.sql` needs a migration, even an empty one, so that
`migrate` runs on existing boards. Its `TRIGGERS` records the `digest()`, and a test compares the two.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import transaction

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

SOURCE = Path(__file__).with_suffix(".sql")
TABLES = "projects_%"  # a LIKE pattern: the tables whose triggers are ours


@cache
def definitions() -> dict[str, str]:
    """Return the SQL of each trigger by its name, without the final semicolon."""
    found: dict[str, str] = {}
    statement = ""
    for line in SOURCE.read_text(encoding="utf-8").splitlines(keepends=True):
        if not statement and (not line.strip() or line.startswith("--")):
            continue
        statement += line
        if sqlite3.complete_statement(statement):
            name = statement.split()[2]
            found[name] = statement.strip().removesuffix(";")
            statement = ""
    return found


def digest() -> str:
    """Return a short hash of all definitions."""
    text = "\n".join(f"{name} {sql}" for name, sql in sorted(definitions().items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def existing(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """Return the SQL of each existing trigger on our tables by its name, in creation order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE %s ORDER BY rowid", [TABLES]
        )
        return dict(cursor.fetchall())


def differences(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the triggers that are missing, unknown or different in the database."""
    wanted, found = definitions(), existing(connection)
    return sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))


def create_all(connection: BaseDatabaseWrapper) -> None:
    """Create every trigger that `triggers.sql` defines."""
    _run(connection, definitions().values())


def drop_all(connection: BaseDatabaseWrapper) -> None:
    """Drop every trigger on our tables, including those that `triggers.sql` no longer defines."""
    _run(connection, map(drop_statement, existing(connection)))


def drop_statement(name: str) -> str:
    """Return the SQL that drops the trigger `name`."""
    return f'DROP TRIGGER "{name}"'


def synchronize(connection: BaseDatabaseWrapper) -> None:
    """Replace all triggers in one transaction if any differs from its definition."""
    if differences(connection):
        with transaction.atomic(using=connection.alias):
            drop_all(connection)
            create_all(connection)


def _run(connection: BaseDatabaseWrapper, statements: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)

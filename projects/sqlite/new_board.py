"""Create the tables of a new board at once: running all migrations takes ten times as long as the rest of a start.

`new_board.sql` has what the migrations that it lists have made. `migrate` then applies the others: the file may be
older than they are. `python -m tests.golden` writes it again if more than five are newer or an old one was edited.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

SOURCE = Path(__file__).with_suffix(".sql")
MIGRATIONS = Path(__file__).parents[1] / "migrations"
NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"
APPLIED = "INSERT INTO django_migrations (app, name, applied) VALUES ('{}', '{}', " + NOW + ");"  # noqa: S608 -- names of migrations
CONFIG = "SELECT k, v FROM {}_config WHERE k <> 'version' ORDER BY k"  # of a search index
SETTING = "INSERT INTO {0} ({0}, rank) VALUES ('{1}', {2!r})"
HEADER = "-- Written by `python -m tests.golden` from migrations with the digest {}\n"


def migration(connection: BaseDatabaseWrapper) -> AbstractContextManager[None]:
    """Return the context of a migration; its one transaction is that of `discovery.database`."""
    return nullcontext()


def create(connection: BaseDatabaseWrapper) -> None:
    """Create the tables in a database that has none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sqlite_master LIMIT 1")
        if cursor.fetchone() is None and SOURCE.exists():
            for statement in statements():
                cursor.execute(statement)


def statements() -> Iterator[str]:
    """Yield the statements of the file."""
    statement = ""
    for line in SOURCE.read_text(encoding="utf-8").splitlines(keepends=True):
        if not statement and line.startswith("--"):
            continue
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def describe(connection: BaseDatabaseWrapper) -> str:
    """Return the text of the file for a database that has just been migrated and has no rows of its own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, type FROM pragma_table_list WHERE schema = 'main'")
        kinds = dict(cursor.fetchall())
        cursor.execute("SELECT tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
        made = [sql for table, sql in cursor.fetchall() if kinds[table] != "shadow"]
        for name in sorted(name for name, kind in kinds.items() if kind == "virtual"):
            cursor.execute(CONFIG.format(name))
            made += [SETTING.format(name, *row) for row in cursor.fetchall()]
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
        applied = [APPLIED.format(*row) for row in cursor.fetchall()]
    return HEADER.format(digest()) + "".join(f"{sql};\n" for sql in made) + "\n".join(applied) + "\n"


def digest(names: list[str] | None = None) -> str:
    """Return a short hash of our migrations, or of those with these names; the first one is in several files."""
    files = sorted(MIGRATIONS.glob("0*.py")) if names is None else [MIGRATIONS / f"{name}.py" for name in names]
    files += sorted((MIGRATIONS / "initial").glob("*.py"))
    text = "".join(f"{file.name}\n{file.read_text(encoding='utf-8')}" for file in files if file.exists())
    return hashlib.sha256(text.encode()).hexdigest()[:16]

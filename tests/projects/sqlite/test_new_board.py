"""The tables that a new board gets at once are those that the migrations make."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from django.db import connection

from projects.sqlite import new_board as module
from tests.processes import CHECKOUT, DEADLINE, environment

MIGRATE = """
import sys, pathlib
sys.path.insert(0, {home!r})
sys.argv = ["manage.py", "migrate", "-v0"]
from projects.sqlite import new_board
new_board.SOURCE = pathlib.Path("missing.sql")
from pmsite.__main__ import main
main()
"""


def content(path: Path) -> tuple[list[object], list[object]]:
    """Return the schema of a database, and the migrations that it names."""
    with closing(sqlite3.connect(path)) as database:
        schema = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name")
        applied = database.execute("SELECT app, name FROM django_migrations ORDER BY app, name")
        return schema.fetchall(), applied.fetchall()


def test_migrations_make_the_same_tables(repository: Path, new_board: Path) -> None:
    command = [sys.executable, "-c", MIGRATE.format(home=str(CHECKOUT))]
    subprocess.run(command, cwd=repository, env=environment(), timeout=4 * DEADLINE, check=True)
    assert content(new_board) == content(repository / ".pm" / "data.db")


def test_database_with_tables_is_left_alone(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA schema_version")
        before = cursor.fetchone()
        module.create(connection)
        cursor.execute("PRAGMA schema_version")
        assert cursor.fetchone() == before

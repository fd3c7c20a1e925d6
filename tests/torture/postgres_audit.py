"""The audit of a board on PostgreSQL: its rows as a file of SQLite, and its own search index."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.processes import MANAGE, environment
from tests.torture import data_audit

_WORDS = f"SELECT kind, id, pm_words(key, title, body) FROM ({data_audit.TEXTS}) AS text(kind, id, key, title, body)"
_INDEXED = "SELECT entity_type, entity_id, words FROM projects_searchentry"
_SHOWN = """
    SELECT entry.entity_type, entry.entity_id, shown.project_id
    FROM projects_searchshown shown LEFT JOIN projects_searchentry entry ON entry.id = shown.entry_id
"""
# What each index must have, and has.
_SEARCH = {"search": (_INDEXED, _WORDS), "shown by search": (_SHOWN, data_audit.LIVING)}


def faults(database: str, rows: Path) -> list[str]:
    """Return all inconsistencies of the board at a URL, of which a file has the rows."""
    import psycopg

    with psycopg.connect(database) as source:
        return [*data_audit.faults(rows, searched=False), *search_faults(source.cursor())]


def search_faults(cursor: Any) -> list[str]:  # Any: a cursor of Django or psycopg
    """Return what the search index has beyond the texts, and what it lacks."""
    found = []
    for what, (stored, due) in _SEARCH.items():
        for sign, one, other in (("only in the index", stored, due), ("not in the index", due, stored)):
            cursor.execute(f"({one}) EXCEPT ({other}) LIMIT 3")
            found += [f"{what}, {sign}: {str(row)[:200]}" for row in cursor.fetchall()]
    return found


def copied_rows(database: str, path: Path) -> Path:
    """Write the rows of a PostgreSQL database to a file as projects.sqlite would store them, for the audits."""
    import psycopg

    path.write_bytes(_empty_board())
    with closing(sqlite3.connect(path)) as file, psycopg.connect(database) as source:
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f'DROP TRIGGER "{name}"')
        tables = (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'projects_%' AND sql NOT LIKE '%fts5%'"
        )
        for (table,) in file.execute(tables).fetchall():
            if table.startswith("projects_search"):
                continue  # each engine has a search of its own
            # Not those that SQLite generates.
            names = [row[1] for row in file.execute(f"PRAGMA table_info({table})")]
            columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
            rows = source.execute(f'SELECT {columns} FROM "{table}"')
            file.execute(f"DELETE FROM {table}")
            insert = f"INSERT INTO {table} ({columns}) VALUES ({marks})"
            file.executemany(insert, (list(map(_stored, row)) for row in rows))
        file.commit()
    return path


@cache
def _empty_board() -> bytes:
    """Return the file of a new board."""
    with tempfile.TemporaryDirectory(prefix="pm-rows-") as folder:
        env = environment(PM_CONFIG_DIR=folder)
        subprocess.run([*MANAGE, "migrate", "--verbosity", "0"], env=env, stdin=subprocess.DEVNULL, check=True)
        return (Path(folder) / "data.db").read_bytes()


def _stored(value: Any) -> Any:
    """Return a value in the form in which SQLite stores it."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return str(value.replace(tzinfo=None))
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value) if hasattr(value, "isoformat") else value

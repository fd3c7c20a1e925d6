"""Boards of before the first migrations were folded into fewer."""

from __future__ import annotations

import importlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands import refusal
from tests.processes import Server

Start = Callable[..., Server]
FOLDED = ("0001_initial", "0002_item_labels", "0003_search", "0004_item_links", "0005_item_counts")
SHOWN = ("insert", "delete", "work_item", "comment")  # triggers of a later migration
REPLACED = sorted(
    name for folded in FOLDED for _, name in importlib.import_module(f"projects.migrations.{folded}").Migration.replaces
)


@contextmanager
def database_of(server: Server) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(server.config / "data.db")
    with database:
        yield database
    database.close()


@pytest.fixture
def old(repository: Path, start_server: Start) -> Server:
    """A server that has ended, whose board has an item and is recorded under the names of before."""
    server = start_server(repository)
    assert server.api("POST", "projects/", json={"key": "ONE", "title": "One"}).status_code == 201
    body = {"project": "ONE", "item_type": "task", "title": "Kept", "story_points": 3}
    assert server.api("POST", "work-items/", json=body).status_code == 201
    server.end()
    with database_of(server) as database:
        database.execute("DELETE FROM django_migrations WHERE app = 'projects'")
        rows = [("projects", name, "2026-11-01") for name in REPLACED]
        database.executemany("INSERT INTO django_migrations (app, name, applied) VALUES (?, ?, ?)", rows)
        database.execute("UPDATE projects_workitem SET completed_at = '2026-10-01'")  # as if it was reopened then
        database.executescript("".join(f"DROP TRIGGER search_shown_{name};" for name in SHOWN))
        database.execute("DROP TABLE projects_searchshown")
    return server


def test_board_of_the_replaced_migrations_is_served(old: Server, start_server: Start) -> None:
    server = start_server(old.directory)
    assert server.api("GET", "work-items/ONE-1/").json()["title"] == "Kept"
    assert server.api("GET", "work-items/ONE-1/").json()["completed_at"] is None
    assert server.api("GET", "work-items/ONE-1/").json()["version"] == 1
    assert server.api("GET", "search/", params={"q": "kept"}).json()["total"] == 1


def test_board_without_the_last_of_them_gets_its_counts(old: Server, start_server: Start) -> None:
    with database_of(old) as database:
        database.execute("DELETE FROM django_migrations WHERE name = '0019_item_counts'")
        for name in ("insert", "update", "delete", "project"):
            database.execute(f"DROP TRIGGER item_count_{name}")
        database.execute("DROP TABLE projects_itemcount")
        database.execute("DROP INDEX item_orphaned")
        database.execute("CREATE INDEX item_by_group ON projects_workitem (project_id, deleted_at)")
    server = start_server(old.directory)
    assert server.api("GET", "projects/ONE/stats/").json()["points"]["open"] == 3
    with database_of(server) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE name LIKE 'item_%'")]
    assert "item_orphaned" in names
    assert "item_by_group" not in names


def test_board_of_half_of_them_is_refused_with_the_next_step(old: Server, start_server: Start) -> None:
    with database_of(old) as database:
        database.execute("DELETE FROM django_migrations WHERE name > '0016' AND app = 'projects'")
    line = refusal(start_server(old.directory, ready=False))
    assert "too old for this version, which has no projects.0016_order_indexes any more; start one that has" in line

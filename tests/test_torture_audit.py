"""The audit of the torture tests detects each kind of fault."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from discovery import safe_files
from tests.processes import Server
from tests.torture import data_audit, killed_starts
from tests.torture.ledger import Ledger, plain

FAULTS = {
    "search": "UPDATE projects_search SET title = 'another'",
    "search-row": "DELETE FROM projects_searchentry",
    "shown": "DELETE FROM projects_searchshown",
    "labels": "DELETE FROM projects_itemlabel",
    "links": "UPDATE projects_workitem SET open_blockers = 1",
    "sprint": "UPDATE projects_workitem SET is_current = 1",
    "figures": "UPDATE projects_itemcount SET number = number + 1",
    "numbers": "UPDATE projects_project SET next_work_item_number = 1",
    "version": "UPDATE projects_workitem SET version = version + 1",
    "activity": "DELETE FROM projects_activity WHERE version = 2",
    "title": "UPDATE projects_workitem SET title = 'another'",
    "deletion": "UPDATE projects_workitem SET deleted_at = '2026-01-01 00:00:00'",
    "reference": "UPDATE projects_comment SET work_item_id = '0'",
}


@pytest.fixture
def database(shared_server: Server, tmp_path: Path) -> Path:
    server = shared_server
    project = server.api("POST", "projects/", json={"key": "PONE", "title": "t"}).json()["id"]
    body = {"project_id": project, "item_type": "task", "title": "first", "labels": ["a"]}
    item = server.api("POST", "work-items/", json=body).json()["id"]
    assert server.api("PATCH", f"work-items/{item}/", json={"title": "second"}).status_code == 200
    assert server.api("POST", "comments/", json={"work_item_id": item, "content": "c"}).status_code == 201
    path = tmp_path / "data.db"
    with closing(sqlite3.connect(server.config / "data.db")) as source, closing(sqlite3.connect(path)) as target:
        source.backup(target)
    return path


def test_audit_finds_exactly_the_faults(database: Path, tmp_path: Path) -> None:
    assert data_audit.faults(database) == []
    for name, statement in FAULTS.items():
        copy = tmp_path / f"{name}.db"
        copy.write_bytes(database.read_bytes())
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute(statement)
            connection.commit()
        assert data_audit.faults(copy), name


def test_ledger_finds_lost_and_duplicate_writes(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT entity_id, version FROM projects_activity").fetchall()
        (item,) = connection.execute("SELECT id FROM projects_workitem").fetchone()
    assert Ledger("llm", Counter(rows)).compare(database) == (0, [])
    assert Ledger("llm", Counter(rows), texts={"second": item}).compare(database)[1] == []
    assert Ledger("llm", Counter([*rows, (item, 3)])).compare(database)[0] == 1
    assert Ledger("llm", Counter(rows[1:])).compare(database)[1]
    assert Ledger("llm", Counter(rows), texts={"first": item}).compare(database)[1]
    assert Ledger("llm", Counter(rows), answers={"key": (200, "")}).compare(database)[1]
    answered = {
        "title": "first",
        "description": "",
        "status": "backlog",
        "labels": ["a"],
        "sprint_id": None,
        "position": "a0",
        "version": 2,
    }
    assert Ledger("llm", Counter(rows), rows={plain(item): answered}).compare(database)[1]


def test_rename_of_a_published_file_is_found_in_a_trace(tmp_path: Path) -> None:
    with safe_files.Replacement(str(tmp_path / "server.json")) as new:
        call = f'rename("{new.temporary}", "{new.path}") = 0'
    assert re.match(killed_starts.NAMED["rename"], call)

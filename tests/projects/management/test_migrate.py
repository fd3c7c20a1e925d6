"""`manage.py migrate` on boards that version 0.1.0 wrote."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from projects.entities import spec
from projects.entities.project import DEFAULT_POLICIES
from projects.entities.registry import ENTITIES
from projects.entities.work_item import WORK_ITEM
from tests.processes import CHECKOUT, Server, environment
from tests.projects.sqlite.boards import BOARD, EXPORT

pytestmark = pytest.mark.slow
# What older files lack: fields of work items, with the values of older items, and collections.
ADDED = {
    field.column: spec.EMPTY.get(field.kind)
    for field in WORK_ITEM.fields
    if field.exported and (field.null or field.kind in spec.EMPTY)
}
COLLECTIONS: dict[str, list[Any]] = {entity.plural: [] for entity in ENTITIES}


@pytest.fixture
def board(repository: Path) -> Path:
    """A repository with the board of 0.1.0; the path of its database."""
    (repository / ".pm").mkdir(mode=0o700)
    path = repository / ".pm" / "data.db"
    with gzip.open(BOARD) as packed, path.open("wb") as file:
        shutil.copyfileobj(packed, file)
    path.chmod(0o600)
    return path


def migrate(board: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CHECKOUT / "manage.py"), "migrate", "-v0"]
    return subprocess.run(command, cwd=board.parent.parent, env=environment(), capture_output=True, text=True)


def comparable(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the fields that were added later, and without positions, which were numbers."""
    rows = [
        {name: value for name, value in {**ADDED, **row}.items() if name != "position"}
        for row in document["work_items"]
    ]
    comments = [{"kind": "comment", **row} for row in document["comments"]]
    projects = [{**DEFAULT_POLICIES, **row} for row in document["projects"]]
    return {**COLLECTIONS, **document, "projects": projects, "work_items": rows, "comments": comments}


def in_order(document: dict[str, Any]) -> list[str]:
    rows = sorted(document["work_items"], key=lambda row: (row["project_id"], row["position"], row["item_number"]))
    return [row["id"] for row in rows]


def names(board: Path, kind: str) -> set[str]:
    database = sqlite3.connect(board)
    found = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = ?", [kind])}
    database.close()
    return found


def test_board_of_0_1_0_opens_with_everything_on_it(board: Path, start_server: Callable[..., Server]) -> None:
    with gzip.open(EXPORT) as packed:
        exported = json.load(packed)
    server = start_server(board.parent.parent)
    found = server.api("GET", "export/").json()
    assert comparable(found) == comparable(exported)
    assert in_order(found) == in_order(exported)  # its positions were numbers
    assert len(server.api("GET", "search/?q=gamma").json()["results"]) == 1


def test_migrated_board_of_0_1_0_opens_again(board: Path, start_server: Callable[..., Server]) -> None:
    assert start_server(board.parent.parent).end()[0] == 0
    code, err = start_server(board.parent.parent).end()
    assert (code, "migration" in err) == (0, False)


def test_failed_migration_changes_nothing_and_says_what_to_do(board: Path) -> None:
    board.unlink()
    database = sqlite3.connect(board)
    database.execute("CREATE TABLE projects_itemcount (another TEXT)")
    database.close()
    ended = migrate(board)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "failed and changed nothing: OperationalError: table projects_itemcount already exists" in ended.stderr
    assert "can still open it" in ended.stderr
    assert names(board, "table") == {"projects_itemcount"}

"""Join clones, run `pm` in them, and compare what they have at the end."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

from tests.conftest import make_repository
from tests.processes import DEADLINE, Server, environment
from tests.projects.client.conftest import PM, Result
from tests.projects.client.terminals import on_terminal
from tests.torture.board import rows
from tests.torture.shared_writers import Acknowledged, Writer

HISTORY = """
    SELECT activity.position, entity_type, entity_id, display_key, project_id, version, action, actor.username,
           standing, reason, changes
    FROM projects_activity activity JOIN projects_user actor ON actor.id = activity.actor_id
    WHERE position IS NOT NULL ORDER BY position, entity_id, activity.id
"""
UNPUBLISHED = (
    "SELECT count(*) FROM projects_activity WHERE position IS NULL AND group_id IS NOT NULL AND extra IS NOT NULL"
)


def new_board(directory: Path) -> Path:
    """Return the database that a first start creates."""
    server = Server(make_repository(directory)).ready()
    assert server.end()[0] == 0
    return shutil.copy(server.config / "data.db", directory.parent / "new.db")


def begin(directory: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start `pm` in a directory."""
    return subprocess.Popen(
        [*PM, *arguments],
        cwd=directory,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> Result:
    """Wait for a `pm`; what it left behind may hold its pipes until git ends."""
    out, err = process.communicate(timeout=8 * DEADLINE)
    return Result(process.returncode, out, err)


def join(directory: Path, person: str) -> None:
    result, _ = on_terminal(directory, "sync", "enable", "--person", person, typed="y\n")
    assert result.code == 0, result.err


def differences(clones: list[tuple[Server, Writer]]) -> list[str]:
    """Return how boards and histories differ, and what was acknowledged but is missing."""
    boards = [_export(server) for server, _ in clones]
    histories = [_history(server) for server, _ in clones]
    found = []
    for (server, _), board, history in zip(clones, boards, histories, strict=True):
        name = server.directory.name
        found += [
            f"{name}: {part} differ: {_first(board[part], boards[0][part])}"
            for part in board
            if board[part] != boards[0][part]
        ]
        if history != histories[0]:
            found.append(f"{name}: the histories differ: {_first(history, histories[0])}")
        acknowledged = _acknowledged(history)
        for _, writer in clones:
            lost = writer.ledger - acknowledged
            found += [f"{name} lacks {len(lost)} acknowledged changes: {sorted(lost)[:2]}"] if lost else []
        keys = Counter((row["project_id"], row["item_number"]) for row in board["work_items"])
        found += [f"{name} has a key twice: {key}" for key, count in keys.items() if count > 1]
    return found


def standings(server: Server) -> Counter[str]:
    """Return how many changes are superseded or void."""
    return Counter(
        dict(rows(server, "SELECT standing, count(*) FROM projects_activity WHERE standing <> '' GROUP BY 1"))
    )


def renumbered(server: Server) -> int:
    """Return how many keys led to another item here before it was published."""
    ((count,),) = rows(server, "SELECT count(*) FROM projects_formerkey")
    return int(count)


def _export(server: Server) -> dict[str, Any]:
    """Return the whole board. Whether a user is an agent is known to this clone alone."""
    board: dict[str, Any] = json.loads(server.api("GET", "export/").content)
    for user in board["users"]:
        del user["is_agent"]
    return board


def _history(server: Server) -> list[tuple[Any, ...]]:
    history = []
    for *columns, changes in rows(server, HISTORY):
        shown = sorted(
            (change["field"], json.dumps(change["new"]))
            for change in json.loads(changes)
            if change["field"] != "claimed_by_id"
        )
        history.append((*columns, shown))
    return history


def _acknowledged(history: list[tuple[Any, ...]]) -> set[Acknowledged]:
    """Return what the history has, in the form of the ledger."""
    return {(row[2], row[7].lower(), field, new) for row in history for field, new in row[-1]}


def _first(one: list[Any], other: list[Any]) -> str:
    for here, there in zip(one, other, strict=False):
        if here != there:
            return f"{here} and {there}"[:600]
    return f"{len(one)} and {len(other)} rows"

"""Compare the server's writes per second with SQLite alone, which commits the same rows as durably."""

from __future__ import annotations

import itertools
import sqlite3
import statistics
import time
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from projects.ordering_keys import key_between
from tests.benchmarks import load
from tests.benchmarks.answers import BOTH, TRIES
from tests.benchmarks.figures import Figure
from tests.benchmarks.ground import Ground, address, asking
from tests.processes import Server

WRITERS = 8  # clients
# Tables to which a statement adds a row for a new item; triggers fill the others.
TABLES = ("projects_workitem", "projects_activity", "projects_idempotentanswer")


def creation(ground: Ground) -> Figure:
    """Return the rate of `POST /work-items/` with 8 clients, in percent of the rate of bare transactions."""
    server, copy = ground.clocked_small, floor(ground)
    pairs = [(_posts(server, ground.seconds), commits(copy, ground.seconds)) for _ in range(max(3, ground.rounds // 5))]
    ours, bare = (statistics.median(rates) for rates in zip(*pairs, strict=True))
    share = statistics.median(100 * posts / commits for posts, commits in pairs)
    return Figure(share, f"{ours:.0f}/s against {bare:.0f}/s")


def new_item(number: int) -> dict[str, object]:
    """Return the fields of an item as an agent creates it."""
    return {"project": "BIG", "item_type": "task", "title": f"Task {number} of a run", "description": "As it is. " * 20}


def _posts(server: Server, seconds: float) -> float:
    """Return the items created per second, in a run in which both workers answered."""

    def requests_of(number: int) -> Iterator[load.Request]:
        for count in itertools.count():
            key = uuid.uuid4().hex  # as `pm` sends it
            yield "create", asking(server, "POST", "work-items/", new_item(count), Idempotency_Key=key)

    for _ in range(TRIES):
        results = load.run(address(server), WRITERS, requests_of, seconds)
        assert not results.wrong, results.wrong[:3]
        if len(results.workers) == BOTH:
            return results.rate
    raise AssertionError(f"only one worker answered, {TRIES} times")


@cache
def floor(ground: Ground) -> Path:
    """Return a copy of the small board's database for SQLite alone; each table has a row."""
    server, path = ground.clocked_small, ground.folder / "floor.db"
    _posts(server, ground.seconds / 4)
    with sqlite3.connect(server.config / "data.db") as source, sqlite3.connect(path) as target:
        source.backup(target)
    return path


def commits(database: Path, seconds: float) -> float:
    """Return the transactions per second in which SQLite alone stores the rows of a new item."""
    connection = sqlite3.connect(database, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    item, activity, answer = (_last(connection, table) for table in TABLES)
    [[number, position]] = connection.execute("SELECT max(item_number), max(position) FROM projects_workitem")
    done, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        done += 1
        pk, number, position = uuid.uuid4().hex, number + 1, key_between(position, None)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "UPDATE projects_project SET next_work_item_number = ? WHERE id = ?", (number + 1, item["project_id"])
        )
        _insert(connection, TABLES[0], item | {"id": pk, "item_number": number, "position": position})
        _insert(connection, TABLES[1], activity | {"entity_id": pk, "display_key": f"BIG-{number}"})
        _insert(connection, TABLES[2], answer | {"key": uuid.uuid4().hex})
        connection.execute("COMMIT")
    taken = time.perf_counter() - begin
    connection.close()
    return done / taken


def _last(connection: sqlite3.Connection, table: str) -> dict[str, Any]:
    """Return the last row of a table, without the ID that SQLite assigns."""
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    [values] = connection.execute(f"SELECT {', '.join(names)} FROM {table} ORDER BY rowid DESC LIMIT 1")
    return {
        name: value for name, value in zip(names, values, strict=True) if not isinstance(value, int) or name != "id"
    }


def _insert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))

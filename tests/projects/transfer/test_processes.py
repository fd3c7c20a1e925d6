"""Imports and backups on a real server during a kill or concurrent writes."""

from __future__ import annotations

import io
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import requests

from discovery import lock
from tests.benchmarks import boards
from tests.processes import Server, poll

JSON = {"Content-Type": "application/json"}


def board_of(items: int) -> bytes:
    text = io.StringIO()
    boards.write(text, items)
    return text.getvalue().encode()


def is_held(path: Path) -> bool:
    """Return True while a write transaction holds the lock."""
    return lock.probe(str(path)) == lock.HELD


def grows(path: Path) -> bool:
    """Return True once pages of a commit reach the WAL."""
    return path.exists() and path.stat().st_size > 4 << 20


def test_kill_during_an_import_leaves_all_or_nothing(repository: Path, start_server: Callable[..., Server]) -> None:
    content = board_of(4000)
    config = repository / ".pm"
    moments: list[Callable[[], bool]] = [
        lambda: is_held(config / "write.lock"),
        lambda: grows(config / "data.db-wal"),
    ]
    found = []
    server = start_server(repository)
    for moment in moments:
        found.append(import_and_kill(server, content, moment))
        with closing(sqlite3.connect(config / "data.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            names = ("workitem", "comment", "dependency")
            counts = [connection.execute(f"SELECT count(*) FROM projects_{name}").fetchone()[0] for name in names]
            assert counts in ([0, 0, 0], [4000, 2000, 2000])
        server = start_server(repository)
    assert all(found)
    answer = server.api("POST", "import/", data=content, headers=JSON).json()
    assert answer["work_items"]["created"] + answer["work_items"]["skipped"] == 4000


def import_and_kill(server: Server, content: bytes, moment: Callable[[], bool]) -> bool:
    """Kill the server during an import, at `moment`; return True if the import had no response by then."""
    answers = []

    def send() -> None:
        with suppress(requests.RequestException):
            answers.append(server.api("POST", "import/", data=content, headers=JSON))

    thread = threading.Thread(target=send)
    thread.start()
    poll(lambda: moment() or not thread.is_alive())
    server.end(signal.SIGKILL)
    thread.join()
    return not answers


def test_backup_under_writes_is_consistent(repository: Path, start_server: Callable[..., Server]) -> None:
    server = start_server(repository)
    stop = threading.Event()
    made: list[str] = []

    def write() -> None:
        while not stop.is_set():
            key = f"P{len(made)}"
            assert server.api("POST", "projects/", json={"key": key, "title": key}).status_code == 201
            made.append(key)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        poll(lambda: len(made) > 3)
        acknowledged = set(made)
        content = server.api("GET", "backup/").content
    finally:
        stop.set()
        thread.join()
    copy = repository / "copy.db"
    copy.write_bytes(content)
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        keys = {key for (key,) in connection.execute("SELECT key FROM projects_project")}
        assert acknowledged <= keys <= set(made)
        # Each project has its activity and its lanes: no project is incomplete.
        (recorded,) = connection.execute(
            "SELECT count(*) FROM projects_activity WHERE entity_type = 'project'"
        ).fetchone()
        (lanes,) = connection.execute("SELECT count(*) FROM projects_swimlane").fetchone()
        assert (recorded, lanes) == (len(keys), 5 * len(keys))
    assert not [name for name in os.listdir(repository / ".pm") if name.startswith(".backup-")]


def test_start_removes_the_copy_of_a_killed_backup(repository: Path, start_server: Callable[..., Server]) -> None:
    scratch = repository / ".pm" / ".backup-killed"
    scratch.mkdir(parents=True)
    (scratch / "copy.db").write_text("half")
    kept = repository / ".pm" / "backups"
    kept.mkdir()
    start_server(repository)
    assert (scratch.exists(), kept.exists()) == (False, True)


def test_chunked_import_is_accepted_and_needs_a_token(server: Server) -> None:
    pieces = [b'{"schema_version"', b": 1}"]
    assert server.request("POST", "/api/v1/import/", data=iter(pieces), headers=JSON).status_code == 401
    assert server.api("POST", "import/", data=iter(pieces), headers=JSON).status_code == 200

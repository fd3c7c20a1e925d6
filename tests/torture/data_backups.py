"""Scenario 13, backups: taken while clients write, each shows one moment of the board, and restores to it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.processes import Server, children, environment, poll
from tests.torture import data_audit
from tests.torture.data_commands import PM
from tests.torture.data_writers import ApiWriter, Board, make_board
from tests.torture.ground import ended, repository
from tests.torture.ledger import plain
from tests.torture.reporter import Result

WRITERS = 4
TOGETHER = 10  # items that always change in one transaction
DEADLINE = 120.0  # seconds


def backups_under_writes(count: int) -> Result:
    """Take backups and exports with `pm` alternately while 5 clients write; restore each, and compare."""
    result = Result("backups and exports under writes, each restored", "one of these")
    with repository() as directory:
        server = Server(directory).ready()
        with ended(server):
            board = make_board(directory / ".pm")
            stop = threading.Event()
            together = Together(board, stop)
            writers = [ApiWriter(board, number, stop) for number in range(WRITERS)]
            threads = [threading.Thread(target=writer.run) for writer in (together, *writers)]
            for thread in threads:
                thread.start()
            try:
                poll(lambda: together.rounds and all(writer.ledger.changes for writer in writers))
                for number in range(count):
                    with result.attempt():
                        take, check = ((_backup, _check_backup), (_export, _check_export))[number % 2]
                        path, before = directory / f"taken-{number}", Told(writers)
                        with result.clock():
                            take(directory, path)
                        check(path, before, together)
            finally:
                stop.set()
                for thread in threads:
                    thread.join()
            for writer in writers:
                result.failures += writer.ledger.wrong
            result.failures += together.wrong
            with result.attempt():
                _killed_backup(server)
            server.end()
        with result.attempt(), ended(again := Server(directory).ready()):
            assert again.end()[0] == 0
            litter = [name for name in os.listdir(directory / ".pm") if name.startswith(".backup-")]
            assert not litter, f"a killed backup left {litter}"
    return result


class Told:
    """What the writers had been told at one moment, by changes and by items."""

    def __init__(self, writers: list[ApiWriter]) -> None:
        self.changes: set[tuple[str, int]] = set()
        self.items: dict[str, int] = {}
        for writer in writers:
            self.changes |= set(writer.ledger.changes.copy())
            self.items |= {pk: row["version"] for pk, row in writer.ledger.rows.copy().items()}


class Together:
    """Changes ten items in one transaction, again and again: two different texts show a partial transaction."""

    def __init__(self, board: Board, stop: threading.Event) -> None:
        self.writer = ApiWriter(board, 99, stop)
        self.stop = stop
        self.rounds = 0
        self.wrong: list[str] = []
        self.ids = [self._made(board, number) for number in range(TOGETHER)]

    def _made(self, board: Board, number: int) -> str:
        body = {"project_id": board.project, "item_type": "story", "title": f"together {number}"}
        document = self.writer.write("POST", "work-items/", body)
        assert document is not None
        return str(document["id"])

    def run(self) -> None:
        while not self.stop.is_set():
            updates = [{"id": pk, "description": f"round {self.rounds}"} for pk in self.ids]
            document = self.writer.write("POST", "work-items/bulk-update/", {"updates": updates})
            if document is None:
                self.wrong.append("a bulk update was refused")
            self.rounds += 1

    def check(self, texts: set[str]) -> None:
        assert len(texts) == 1, f"a partial transaction: {texts}"


def pm(directory: Path, *arguments: str) -> dict[str, Any]:
    """Run a command that must succeed, and return its output."""
    done = subprocess.run(
        [PM, *arguments], cwd=directory, env=environment(), capture_output=True, text=True, timeout=DEADLINE
    )
    assert done.returncode == 0, f"pm {' '.join(arguments)}: {done.stderr[-400:]}"
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def _backup(directory: Path, path: Path) -> None:
    pm(directory, "backup", str(path))


def _export(directory: Path, path: Path) -> None:
    pm(directory, "sync", "export", "-o", str(path))


def _check_backup(path: Path, before: Told, together: Together) -> None:
    with repository() as other:
        pm(other, "restore-backup", str(path))
        database = other / ".pm" / "data.db"
        _check_database(database, before, together)
        with ended(server := Server(other).ready()):
            assert server.api("POST", "projects/", json={"key": "NEW", "title": "t"}).status_code == 201
            assert server.end()[0] == 0
        _check_database(database, before, together)


def _check_database(database: Path, before: Told, together: Together) -> None:
    assert not (faults := data_audit.faults(database)), faults[:5]
    with closing(sqlite3.connect(database)) as connection:
        stored = set(connection.execute("SELECT entity_id, version FROM projects_activity"))
        items = dict(connection.execute("SELECT id, description FROM projects_workitem"))
    assert not (lost := before.changes - stored), f"{len(lost)} changes acknowledged before it are missing"
    together.check({items[plain(pk)] for pk in together.ids})


def _check_export(path: Path, before: Told, together: Together) -> None:
    content = path.read_bytes()
    document = json.loads(content)
    items = {plain(row["id"]): row for row in document["work_items"]}
    gone = {plain(row["id"]) for row in document["deleted"]}
    together.check({items[plain(pk)]["description"] for pk in together.ids})
    for pk, version in before.items.items():
        assert pk in gone or (pk in items and items[pk]["version"] >= version), f"{pk} is older than acknowledged"
    with repository() as other, ended(server := Server(other).ready()):
        answer = pm(other, "sync", "import", "-f", str(path))
        assert not any(answer[name] for name in ("renumbered", "detached", "skipped_rows")), answer
        again = other / "again.json"
        _export(other, again)
        assert server.end()[0] == 0
        assert again.read_bytes() == content, "exporting what was imported gives different bytes"
        assert not (faults := data_audit.faults(other / ".pm" / "data.db")), faults[:5]


def _killed_backup(server: Server) -> None:
    """Kill the workers during a backup."""
    command = subprocess.Popen(
        [PM, "backup"], cwd=server.directory, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    config = server.config

    def begun() -> bool:
        return any(name.startswith(".backup-") for name in os.listdir(config)) or command.poll() is not None

    poll(begun)
    for worker in children(server.pid):
        os.kill(worker, signal.SIGKILL)
    assert command.wait(DEADLINE) == 0, "the backup was not retried on the next worker"

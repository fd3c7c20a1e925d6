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

from tests.processes import children, environment, poll
from tests.torture.data_commands import PM
from tests.torture.data_services import LocalService, Service, Services, local_service, team_service
from tests.torture.data_writers import ApiWriter, Board, make_board
from tests.torture.ledger import plain
from tests.torture.reporter import Result

TOGETHER = 10  # items that always change in one transaction
DEADLINE = 120.0  # seconds
History = list[tuple[Any, ...]]  # the rows of the activity


def backups_under_writes(count: int) -> Result:
    """Take backups and exports with `pm` alternately while 5 clients write; restore each, and compare."""
    return _taken(count, local_service, 4)


def backups_under_writes_on_postgres(count: int) -> Result:
    """The same with 8 clients, `pg_dump`, as `pm backup` says there, and `pg_restore` into new databases."""
    return _taken(count, team_service, 7)


def _taken(count: int, services: Services, others: int) -> Result:
    result = Result("backups and exports under writes, each restored", "one of these")
    with services() as service:
        result.what += f", {service.engine}"
        board = make_board(service.config, service.connect, service.env)
        stop = threading.Event()
        together = Together(board, stop)
        writers = [ApiWriter(board, number, stop) for number in range(others)]
        threads = [threading.Thread(target=writer.run) for writer in (together, *writers)]
        histories: list[History] = []
        for thread in threads:
            thread.start()
        try:
            poll(lambda: together.rounds and all(writer.ledger.changes for writer in writers))
            for number in range(count):
                path, before = service.folder / f"taken-{number}", Acknowledged(writers)
                with result.attempt():
                    if number % 2 == 0:
                        with result.clock():
                            service.back_up(path)
                        histories.append(_check_backup(service, path, before, together))
                    else:
                        with result.clock():
                            service.pm("sync", "export", "-o", str(path))
                        _check_export(service, path, before, together)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        for ledger in (writer.ledger for writer in (*writers, together.writer)):
            result.failures += ledger.wrong
        result.failures += together.wrong
        with result.attempt():
            _check_quiet(service)
        if isinstance(service, LocalService):
            with result.attempt():
                _kill_backup(service)
        else:
            assert "pg_dump" in service.pm("backup", status=1)
        service.stop()
        with result.attempt():
            _, whole = _read(service.rows())
            for history in histories:
                assert history == whole[: len(history)], "a backup has a change that the board does not have"
        result.failures += service.complaints()
    return result


class Acknowledged:
    """What the writers had been answered at one moment, by changes and by items."""

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


def _check_backup(service: Service, path: Path, before: Acknowledged, together: Together) -> History:
    with service.another(path) as other:
        other.stop()
        items, history = _read(other.rows())
        assert not (faults := other.faults()), faults[:5]
        lost = before.changes - {(pk, version) for _, pk, version, _ in history}
        assert not lost, f"{len(lost)} changes acknowledged before it are missing"
        together.check({items[plain(pk)] for pk in together.ids})
        other.start()
        answer = other.connect(other.config, "owner").answer("POST", "projects/", {"key": "NEW", "title": "t"})
        assert answer[0] == 201, answer
        other.stop()
        assert not (faults := other.faults()), faults[:5]
    return history


def _read(database: Path) -> tuple[dict[str, str], History]:
    """Return the descriptions of all items, and the activity."""
    with closing(sqlite3.connect(database)) as connection:
        items = dict(connection.execute("SELECT id, description FROM projects_workitem"))
        query = "SELECT id, entity_id, version, changes FROM projects_activity ORDER BY id"
        return items, connection.execute(query).fetchall()


def _check_export(service: Service, path: Path, before: Acknowledged, together: Together) -> None:
    content = path.read_bytes()
    document = json.loads(content)
    items = {plain(row["id"]): row for row in document["work_items"]}
    gone = {plain(row["id"]) for row in document["deleted"]}
    together.check({items[plain(pk)]["description"] for pk in together.ids})
    for pk, version in before.items.items():
        assert pk in gone or (pk in items and items[pk]["version"] >= version), f"{pk} is older than acknowledged"
    with service.another() as other:
        answer = json.loads(other.pm("sync", "import", "-f", str(path)))
        assert not any(answer[name] for name in ("renumbered", "detached", "skipped_rows")), answer
        assert _exported(other) == content, "exporting what was imported gives different bytes"
        other.stop()
        assert not (faults := other.faults()), faults[:5]


def _check_quiet(service: Service) -> None:
    """Compare the exports of a board that nobody changes and of its backup."""
    path = service.folder / "quiet"
    service.back_up(path)
    with service.another(path) as other:
        assert _exported(other) == _exported(service), "a backup exports other bytes"


def _exported(service: Service) -> bytes:
    path = service.folder / "exported.json"
    service.pm("sync", "export", "-o", str(path))
    content = path.read_bytes()
    path.unlink()
    return content


def _kill_backup(service: LocalService) -> None:
    """Kill the workers during a backup: another one writes it, and the next start removes what is left."""
    command = subprocess.Popen(
        [PM, "backup"], cwd=service.directory, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def begun() -> bool:
        return any(name.startswith(".backup-") for name in os.listdir(service.config)) or command.poll() is not None

    poll(begun)
    for worker in children(service.server.pid):
        os.kill(worker, signal.SIGKILL)
    assert command.wait(DEADLINE) == 0, "the backup was not retried on the next worker"
    service.stop()
    service.start()
    service.stop()
    litter = [name for name in os.listdir(service.config) if name.startswith(".backup-")]
    assert not litter, f"a killed backup left {litter}"

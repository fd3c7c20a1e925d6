"""Scenario 13: clients write while masters and workers are killed; nothing is lost or duplicated."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import statistics
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

from tests.processes import Server, children
from tests.torture import data_audit
from tests.torture.data_commands import CommandWriter
from tests.torture.data_writers import ApiWriter, Board, make_board
from tests.torture.ground import ended, repository
from tests.torture.ledger import Ledger
from tests.torture.reporter import Result

API_WRITERS = 8
COMMANDS = 4
WORKERS_KILLED = 0.7  # share of all kills; the others are masters
BETWEEN_KILLS = (0.1, 1.2)  # seconds
SEEDS = random.Random(13)


class Supervisor(threading.Thread):
    """Kills a master or a worker at random moments, and restarts a killed server."""

    def __init__(self, directory: Path) -> None:
        super().__init__(name="supervisor")
        self.directory = directory
        self.server = Server(directory).ready()
        self.workers = 0
        self.starts: list[float] = []  # seconds, for each start after a killed master
        self.wrong: list[str] = []
        self.over = threading.Event()

    def run(self) -> None:
        try:
            while not self.over.wait(SEEDS.uniform(*BETWEEN_KILLS)):
                if SEEDS.random() < WORKERS_KILLED:
                    for victim in SEEDS.sample(children(self.server.pid), 1):
                        with suppress(ProcessLookupError):
                            os.kill(victim, signal.SIGKILL)
                        self.workers += 1
                else:
                    self.look_at(self.server.end(signal.SIGKILL)[1])
                    begin = time.monotonic()
                    self.server = Server(self.directory).ready()
                    self.starts.append(time.monotonic() - begin)
        except Exception as error:  # without a server the writers would wait forever; a new one lets them finish
            self.wrong.append(f"the supervisor: {error!r}")
            self.server = Server(self.directory).ready()

    def look_at(self, err: str) -> None:
        """Record lines that a server should not log."""
        for line in err.splitlines():
            if any(word in line for word in ("Traceback", " ERROR projects", " ERROR django", "database is locked")):
                self.wrong.append(f"the server logged: {line}")


def killed_while_written(seconds: int) -> Result:
    """Write with 8 API clients and 4 chains of `pm` under SIGKILLs; then compare ledgers, tables, activity, search."""
    result = Result("SIGKILLs under 8 API writers and 4 of `pm`", "a write, until acknowledged")
    with repository() as directory:
        supervisor = Supervisor(directory)
        database = directory / ".pm" / "data.db"
        board = make_board(directory / ".pm")
        stop = threading.Event()
        writers: list[ApiWriter | CommandWriter] = [ApiWriter(board, number, stop) for number in range(API_WRITERS)]
        writers += [CommandWriter(board, number, stop) for number in range(COMMANDS)]
        threads = [threading.Thread(target=writer.run, name=writer.name) for writer in writers]
        for thread in (*threads, supervisor):
            thread.start()
        time.sleep(seconds)  # the writers and the supervisor run
        stop.set()
        for thread in threads:
            thread.join()
        supervisor.over.set()
        supervisor.join()
        with ended(supervisor.server):
            supervisor.look_at(supervisor.server.end(signal.SIGKILL)[1])
        with ended(server := Server(directory).ready()):
            assert server.end()[0] == 0
        result.failures += supervisor.wrong
        for ledger in (writer.ledger for writer in writers):
            lost, faults = ledger.compare(database)
            result.tried += ledger.changes.total()
            result.lost += lost
            result.worst = max(result.worst, ledger.slowest)
            result.failures += faults
        result.held = result.tried - result.lost
        result.failures += data_audit.faults(database)
        result.failures += counted(database, board, [writer.ledger for writer in writers])
        starts = supervisor.starts or [0.0]
        result.notes.append(
            f"killed: {supervisor.workers} workers, {len(supervisor.starts)} masters; "
            f"a start took {statistics.median(starts):.2f} s, at most {max(starts):.2f} s"
        )
    return result


def counted(database: Path, board: Board, ledgers: list[Ledger]) -> list[str]:
    """Check the item that all writers incremented: a lost or duplicated update shows."""
    due = sum(ledger.increments for ledger in ledgers)
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT title FROM projects_workitem WHERE id = ?"
        (found,) = connection.execute(query, [board.counter.replace("-", "")]).fetchone()
    return [] if found == str(due) else [f"the counter is {found}, but {due} increments were acknowledged"]

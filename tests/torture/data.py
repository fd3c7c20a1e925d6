"""Scenario 13: clients write while masters, workers and the engine are killed; nothing is lost or duplicated."""

from __future__ import annotations

import random
import sqlite3
import statistics
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from tests.torture.data_commands import CommandWriter
from tests.torture.data_services import Service, Services, local_service, restarted, team_service
from tests.torture.data_writers import ApiWriter, Board, make_board
from tests.torture.ledger import Ledger
from tests.torture.reporter import Result

API_WRITERS = 8
COMMANDS = 4
WORKERS_KILLED = 0.7  # share of all kills; the others are masters and the engine
BETWEEN_KILLS = (0.1, 1.2)  # seconds
SEEDS = random.Random(13)


class Supervisor(threading.Thread):
    """Kills a part of the service at random moments, and restarts what was killed."""

    def __init__(self, service: Service) -> None:
        super().__init__(name="supervisor")
        self.service = service
        self.killed: Counter[str] = Counter()
        self.starts: list[float] = []  # seconds, for each start after a killed master or engine
        self.wrong: list[str] = []
        self.over = threading.Event()

    def run(self) -> None:
        waiting = [*self.service.heads, "worker"]  # each once, then by chance
        try:
            while not self.over.wait(SEEDS.uniform(*BETWEEN_KILLS)):
                by_chance = "worker" if SEEDS.random() < WORKERS_KILLED else SEEDS.choice(self.service.heads)
                self.kill(waiting.pop(0) if waiting else by_chance)
        except Exception as error:  # without a server the writers would wait forever; a new one lets them finish
            self.wrong.append(f"the supervisor: {error!r}")
            self.service.start()

    def kill(self, victim: str) -> None:
        self.killed[victim] += 1
        if victim == "worker":
            self.service.kill(victim)
        else:
            self.starts.append(restarted(self.service, victim))


def killed_while_written(seconds: int) -> Result:
    """Write with 8 API clients and 4 chains of `pm` under SIGKILLs; then compare ledgers, tables, activity, search."""
    return _killed(seconds, local_service)


def killed_while_written_on_postgres(seconds: int) -> Result:
    """The same on a team's server, whose PostgreSQL crashes, too."""
    return _killed(seconds, team_service)


def _killed(seconds: int, services: Services) -> Result:
    result = Result("SIGKILLs under 8 API writers and 4 of `pm`", "a write, until acknowledged")
    with services() as service:
        result.what += f", {service.engine}"
        supervisor = Supervisor(service)
        board = make_board(service.config, service.connect, service.env)
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
        service.kill("master")
        service.start()
        service.stop()
        result.failures += supervisor.wrong + service.complaints()
        rows = service.rows()
        for ledger in (writer.ledger for writer in writers):
            lost, faults = ledger.compare(rows)
            result.tried += ledger.changes.total()
            result.lost += lost
            result.worst = max(result.worst, ledger.slowest)
            result.failures += faults
        result.held = result.tried - result.lost
        result.failures += service.faults()
        result.failures += counted(rows, board, [writer.ledger for writer in writers])
    starts = supervisor.starts or [0.0]
    killed = ", ".join(f"{count} × {victim}" for victim, count in sorted(supervisor.killed.items()))
    result.notes.append(
        f"killed: {killed}; a start took {statistics.median(starts):.2f} s, at most {max(starts):.2f} s"
    )
    return result


def counted(database: Path, board: Board, ledgers: list[Ledger]) -> list[str]:
    """Check the item that all writers incremented: a lost or duplicated update shows."""
    due = sum(ledger.increments for ledger in ledgers)
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT title FROM projects_workitem WHERE id = ?"
        (found,) = connection.execute(query, [board.counter.replace("-", "")]).fetchone()
    return [] if found == str(due) else [f"the counter is {found}, but {due} increments were acknowledged"]

"""Scenario: two nodes behind nginx on one database, 64 clients, nodes killed and the engine restarted at random."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from tests.postgres.cluster import Cluster, NoPostgres
from tests.processes import children
from tests.torture import data_audit
from tests.torture.data import counted
from tests.torture.data_writers import ApiWriter, Board, Wire, make_board
from tests.torture.ledger import Ledger
from tests.torture.node_places import Balancer, Node, NodeWire, Site, logged, site_of
from tests.torture.postgres_audit import copied_rows
from tests.torture.reporter import Missing, Result

WRITERS = 60
RACERS = 4  # clients that try to close a circle of dependencies
RING = 6  # items
BETWEEN_FAULTS = (0.3, 1.5)  # seconds
LOOK = 0.05  # seconds between two looks of the follower
SEEDS = random.Random(64)


class Racer:
    """Links the items of a small ring in both directions, so that a check that races another one closes a circle."""

    def __init__(self, wire: Wire, ring: list[str], number: int, stop: threading.Event) -> None:
        self.name = wire.actor
        self.ledger = Ledger(self.name)
        self.writer = ApiWriter.__new__(ApiWriter)
        self.writer.ledger, self.writer.wire = self.ledger, wire
        self.ring, self.stop, self.random = ring, stop, random.Random(1000 + number)

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                one, other = self.random.sample(self.ring, 2)
                body = {"blocking_item_id": one, "blocked_item_id": other}
                made = self.writer.write("POST", "dependencies/", body)
                if made is not None:
                    self.ledger.changed(made, 1)
                    if self.writer.write("DELETE", f"dependencies/{made['id']}/") is not None:
                        self.ledger.changed({**made, "version": 2})
        except Exception as error:  # a dead racer must not go unnoticed
            self.ledger.wrong.append(f"{self.name}: {error!r}")
        # The refusal that a link would close a circle is what the race is about.
        self.ledger.wrong[:] = [fault for fault in self.ledger.wrong if '"code":"CYCLE"' not in fault]


class Follower:
    """Reads the feed of changes through the balancer, as an orchestrator does."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.stop = threading.Event()
        self.seen: list[int] = []
        self.since = 0
        self.wrong: list[str] = []

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                if not self.look():
                    time.sleep(LOOK)
        except Exception as error:
            self.wrong.append(f"the follower: {error!r}")

    def look(self) -> bool:
        """Read on; return whether there was something new."""
        status, text = self.wire.answer("GET", f"changes/?since={self.since}&limit=1000")
        if status != 200:
            self.wrong.append(f"the feed: {status} {text[:200]}")
            return False
        answer = json.loads(text)
        self.seen += [change["id"] for change in answer["changes"]]
        self.since = answer["next"]
        return bool(answer["changes"])


class Faults(threading.Thread):
    """Kills a node or a worker, or crashes the engine, at random moments; and starts again what it has killed."""

    def __init__(self, nodes: list[Node], restart: Callable[[], None] | None, acknowledged: Callable[[], int]) -> None:
        super().__init__(name="faults")
        self.nodes, self.restart, self.acknowledged = nodes, restart, acknowledged
        self.recoveries: list[float] = []  # seconds
        self.healings: list[float] = []
        self.over = threading.Event()
        self.killed = {"nodes": 0, "workers": 0, "engine": 0}
        self.starts: list[float] = []
        self.wrong: list[str] = []

    def run(self) -> None:
        kinds = [*([self.crash_engine] if self.restart else []), self.kill_worker, self.kill_node]
        turn = 0
        try:
            while not self.over.wait(SEEDS.uniform(*BETWEEN_FAULTS)):
                # Each kind once, then by chance.
                (kinds[turn] if turn < len(kinds) else SEEDS.choice(kinds))()
                turn += 1
        except Exception as error:
            self.wrong.append(f"the faults: {error!r}")

    def kill_node(self) -> None:
        node = SEEDS.choice(self.nodes)
        node.kill()
        self.killed["nodes"] += 1
        self.starts.append(node.start())

    def kill_worker(self) -> None:
        node = SEEDS.choice(self.nodes)
        assert node.process is not None
        workers = children(node.process.pid)
        if workers:
            with suppress(ProcessLookupError):
                os.kill(SEEDS.choice(workers), signal.SIGKILL)
            self.killed["workers"] += 1

    def crash_engine(self) -> None:
        """Crash the engine; measure until it accepts connections, and from then until a write is acknowledged."""
        assert self.restart is not None
        begin = time.monotonic()
        self.restart()
        self.killed["engine"] += 1
        back = time.monotonic()
        self.recoveries.append(back - begin)
        before = self.acknowledged()
        while self.acknowledged() == before and not self.over.wait(LOOK):
            pass
        if not self.over.is_set():
            self.healings.append(time.monotonic() - back)


def nodes_on_postgres(seconds: int) -> Result:
    """Two nodes on PostgreSQL, which crashes, too."""
    result = Result("two nodes on PostgreSQL, killed; the engine crashes", "a write, until acknowledged")
    try:
        cluster = Cluster(durable=True, settings=("max_connections=200",))
    except NoPostgres as error:
        raise Missing(str(error)) from None
    with tempfile.TemporaryDirectory(prefix="pm-torture-") as scratch, cluster:
        folder, url = Path(scratch), cluster.make("board")

        def rows() -> Path:
            return copied_rows(url, folder / "rows.db")

        _burn(result, folder, url, seconds, rows, cluster.restart)
    return result


def nodes_on_sqlite(seconds: int) -> Result:
    """Two nodes of one machine on one SQLite file."""
    result = Result("two nodes on one SQLite file, killed", "a write, until acknowledged")
    with tempfile.TemporaryDirectory(prefix="pm-torture-") as scratch:
        folder = Path(scratch)
        _burn(result, folder, f"sqlite:///{folder}/data.db", seconds, lambda: folder / "data.db", None)
    return result


def _burn(
    result: Result,
    folder: Path,
    database: str,
    seconds: int,
    rows: Callable[[], Path],
    restart: Callable[[], None] | None,
) -> None:
    with site_of(folder, database) as (site, nodes, balancer):
        board, writers, racers, follower = _clients(site, balancer)
        stop = writers[0].stop
        ledgers = [each.ledger for each in (*writers, *racers)]
        faults = Faults(nodes, restart, lambda: sum(len(ledger.answers) for ledger in ledgers))
        threads = [threading.Thread(target=each.run, name=each.name) for each in (*writers, *racers)]
        following = threading.Thread(target=follower.run, name="follower")
        for thread in (*threads, following, faults):
            thread.start()
        time.sleep(seconds)  # the clients run
        stop.set()
        faults.over.set()
        for thread in (faults, *threads):
            thread.join()
        follower.stop.set()
        following.join()
        while follower.look():
            pass
        for node in nodes:
            node.stop()
            result.failures += logged(node)
    result.failures += faults.wrong + follower.wrong
    _compare(result, rows(), board, ledgers, follower)
    kills = ", ".join(f"{count} {kind}" for kind, count in faults.killed.items() if count)
    result.notes.append(f"killed: {kills}; {result.tried / max(seconds, 1):.0f} changes a second")
    for what, found in (
        ("a node started", faults.starts),
        ("the engine accepted connections", faults.recoveries),
        ("then a write was acknowledged", faults.healings),
    ):
        if found:
            result.notes.append(f"{what} after {statistics.median(found):.2f} s, at most {max(found):.2f} s")


def _clients(site: Site, balancer: Balancer) -> tuple[Board, list[ApiWriter], list[Racer], Follower]:
    def connect(_: Path, actor: str) -> Wire:
        return NodeWire(site, balancer.port, actor)

    board = make_board(site.folder, connect)
    owner = connect(site.folder, "owner")
    ring = []
    for number in range(RING):
        body = {"project_id": board.pool, "item_type": "epic", "title": f"ring {number}"}
        status, text = owner.answer("POST", "work-items/", body)
        assert status == 201, text
        ring.append(json.loads(text)["id"])
    stop = threading.Event()
    writers = [ApiWriter(board, number, stop) for number in range(WRITERS)]
    racers = [Racer(connect(site.folder, f"racer-{number}"), ring, number, stop) for number in range(RACERS)]
    return board, writers, racers, Follower(connect(site.folder, "follower"))


def _compare(result: Result, database: Path, board: Board, ledgers: list[Ledger], follower: Follower) -> None:
    for ledger in ledgers:
        lost, found = ledger.compare(database)
        result.tried += ledger.changes.total()
        result.lost += lost
        result.worst = max(result.worst, ledger.slowest)
        result.failures += found
    result.held = result.tried - result.lost
    result.failures += data_audit.faults(database, searched=database.name == "data.db")
    result.failures += counted(database, board, ledgers)
    with closing(sqlite3.connect(database)) as connection:
        stored = [pk for (pk,) in connection.execute("SELECT id FROM projects_activity ORDER BY id")]
        links = connection.execute(
            "SELECT blocking_item_id, blocked_item_id FROM projects_dependency"
            " WHERE deleted_at IS NULL AND dependency_type = 'blocks'"
        ).fetchall()
    missed = len(set(stored) - set(follower.seen))
    if missed or follower.seen != stored:
        doubled = len(follower.seen) - len(set(follower.seen))
        result.failures.append(f"the follower missed {missed} of {len(stored)} changes and saw {doubled} twice")
    result.failures += _circles(links)
    result.notes.append(f"a follower saw all {len(stored)} changes; {len(links)} links, no circle")


def _circles(links: Iterable[tuple[Any, Any]]) -> list[str]:
    graph: dict[Any, set[Any]] = {}
    for blocking, blocked in links:
        graph.setdefault(blocked, set()).add(blocking)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [f"the dependencies have a circle: {error.args[1]}"]
    return []

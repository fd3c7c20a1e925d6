"""Compare a team's server on PostgreSQL with one on SQLite, in one run, and print a table; see docs/team.md.

python -m tests.benchmarks.engines             10,000 items, five rounds of three seconds
python -m tests.benchmarks.engines --items 1000 --rounds 1 --seconds 1

Both engines commit to the disk. In each round every figure is measured on both, one right after the other, with the
first one changing from round to round. A ratio is the median of the rounds' ratios. The processor time of a request is
that of the node, with what PostgreSQL's own processes added, which is in brackets, too; it says more than a rate on a
machine that is busy.

In the first table, node, engine and clients share all processors, so what PostgreSQL's processes use is missing in the
node. In the second one, the node has one processor for itself, on both engines, and PostgreSQL and the clients have
another one: like a node whose database is on a machine of its own, without the way through a network. There lists are
promised, and more creates: it is for such a place that a team takes PostgreSQL.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import statistics
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from tests import environment  # noqa: F401 -- a configuration and a home of our own
from tests.benchmarks import boards, load
from tests.benchmarks.figures import p99
from tests.benchmarks.machine import description
from tests.benchmarks.rates import new_item
from tests.postgres.cluster import Cluster
from tests.postgres.sites import SCOPES, Node, Site

ENGINES = ("SQLite", "PostgreSQL")
PATIENCE = 600.0  # seconds for the import
Requests = Callable[[Site], Iterator[load.Request]]
NODE, OTHERS = 0, 1  # processors in the second table


def asking(site: Site, method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """Return the bytes of a request as the proxy sends them."""
    headers |= {"X_Forwarded_Proto": "https"}
    return load.message(method, f"/api/v1/{path}", "localhost", site.token, body, **headers)


def creations(site: Site) -> Iterator[load.Request]:
    """Yield requests that create items."""
    for count in itertools.count():
        body = json.dumps(new_item(count)).encode()
        yield "create", asking(site, "POST", "work-items/", body, Idempotency_Key=uuid.uuid4().hex)


def claims(site: Site) -> Iterator[load.Request]:
    """Yield requests that claim the next item."""
    while True:
        key = uuid.uuid4().hex
        yield "claim", asking(site, "POST", "work-items/claim-next/", b'{"project_id": "BIG"}', Idempotency_Key=key)


def lists(site: Site) -> Iterator[load.Request]:
    """Yield requests for the first hundred items."""
    while True:
        yield "list", asking(site, "GET", "work-items/?project=BIG&limit=100")


# What is measured: its requests, the clients, and the smallest ratio to SQLite that is promised.
Figures = dict[str, tuple[Requests, int, float | None]]
FIGURES: Figures = {
    "create, 1 client": (creations, 1, None),
    "create, 8 clients": (creations, 8, 0.5),
    "claim the next, 8 clients": (claims, 8, 0.5),
    "list of 100, 8 clients": (lists, 8, None),
    "create, 64 clients": (creations, 64, None),
}


# The figures of the second table and their targets.
APART = {"create, 8 clients": 0.9, "claim the next, 8 clients": 0.5, "list of 100, 8 clients": 1.0}


class Measured(NamedTuple):
    """Answers a second, the 99th percentile of their times, and the processor time of each, in milliseconds."""

    rate: float
    tail: float
    node: float
    engine: float


class Board:
    """A board on one engine, and the node that serves it; `engine` is the first process of a server of PostgreSQL."""

    def __init__(self, folder: Path, database: str, engine: int | None = None) -> None:
        folder.mkdir()
        self.engine = engine
        self.site = Site(folder, database, (*SCOPES, "admin"))
        self.node = Node(self.site, "node")
        self.node.start()

    def fill(self, source: Path) -> None:
        """Import a board."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=PATIENCE)) as connection:
            headers = {"Authorization": f"Bearer {self.site.token}", "Content-Type": "application/json"}
            headers |= {"Host": "localhost", "X-Forwarded-Proto": "https"}
            connection.request("POST", "/api/v1/import/", source.read_bytes(), headers)
            response = connection.getresponse()
            assert response.status == 200, response.read()[:500]

    def measure(self, requests: Requests, clients: int, seconds: float) -> Measured:
        """Send requests for so many seconds."""
        assert self.node.process is not None
        before = used(self.node.process.pid), used(self.engine)
        found = load.run(("127.0.0.1", self.node.port), clients, lambda _: requests(self.site), seconds)
        assert not found.wrong, found.wrong[:3]
        after = used(self.node.process.pid), used(self.engine)
        node, engine = (1000 * (end - begin) / len(found.answers) for begin, end in zip(before, after, strict=True))
        return Measured(found.rate, p99([answer.outside for answer in found.answers]), node, engine)


def family(first: int | None) -> list[psutil.Process]:
    """Return a process and those that it started; none without one."""
    return [] if first is None else [psutil.Process(first), *psutil.Process(first).children(recursive=True)]


def used(first: int | None) -> float:
    """Return the processor time in seconds of a process and of those that it started."""
    total = 0.0
    for process in family(first):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def part(found: list[Board]) -> None:
    """Give the nodes one processor, and PostgreSQL and the clients another one, from now on."""
    for board in found:
        assert board.node.process is not None
        for processor, first in ((NODE, board.node.process.pid), (OTHERS, board.engine)):
            for process in family(first):
                with suppress(psutil.NoSuchProcess):
                    for thread in process.threads():
                        os.sched_setaffinity(thread.id, {processor})
    os.sched_setaffinity(0, {OTHERS})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pm-engines-") as scratch, Cluster(durable=True) as cluster:
        folder = Path(scratch)
        urls = (f"sqlite:///{folder}/SQLite/data.db", cluster.make("board"))
        pids = (None, cluster.pid)
        found = [Board(folder / name, url, pid) for name, url, pid in zip(ENGINES, urls, pids, strict=True)]
        try:
            boards.save(folder / "board.json", options.items)
            for board in found:
                board.fill(folder / "board.json")
            cluster.query("board", "ANALYZE")
            version = cluster.query("board", "SHOW server_version").split()[0]
            print(f"{description()}; PostgreSQL {version}; {options.items:,} items; 2 workers of 4 threads\n")
            missed = _table(found, FIGURES, options.rounds, options.seconds)
            if {NODE, OTHERS} <= os.sched_getaffinity(0):
                part(found)
                print("\nThe node on one processor; PostgreSQL and the clients on another one:\n")
                apart = {f"{name}, apart": (*FIGURES[name][:2], promise) for name, promise in APART.items()}
                missed += _table(found, apart, options.rounds, options.seconds)
            if missed:
                print(f"\nmissed: {'; '.join(missed)}", file=sys.stderr)
            return int(bool(missed))
        finally:
            for board in found:
                board.node.stop()


def _table(found: list[Board], figures: Figures, rounds: int, seconds: float) -> list[str]:
    """Measure and print figures; return those that are below what is promised."""
    columns = ("SQLite", "PostgreSQL", "ratio", "promised", "p99, SQLite", "p99, PostgreSQL")
    print(f"| | {' | '.join(columns)} | processor time, SQLite | processor time, PostgreSQL |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    missed = []
    for what, (requests, clients, promise) in figures.items():
        pairs = []
        for board in found:
            board.measure(requests, clients, seconds / 3)  # to warm it up
        for number in range(rounds):
            order = found if number % 2 == 0 else found[::-1]
            measured = {board: board.measure(requests, clients, seconds) for board in order}
            pairs.append([measured[board] for board in found])
        ours, theirs = (_median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(second.rate / first.rate for first, second in pairs)
        promised = "" if promise is None else f"≥ {promise} ×"
        print(
            f"| {what} | {ours.rate:.0f}/s | {theirs.rate:.0f}/s | {ratio:.2f} × | {promised} | {ours.tail:.0f} ms "
            f"| {theirs.tail:.0f} ms | {ours.node:.2f} ms "
            f"| {theirs.node + theirs.engine:.2f} ms ({theirs.engine:.2f}) |",
            flush=True,
        )
        if promise is not None and ratio < promise:
            missed.append(what)
    return missed


def _median(rounds: Sequence[Measured]) -> Measured:
    return Measured(*map(statistics.median, zip(*rounds, strict=True)))


if __name__ == "__main__":
    sys.exit(main())

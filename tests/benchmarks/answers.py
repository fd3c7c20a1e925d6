"""Compare a response of the product with the same bytes from an application that does nothing, on the same gunicorn."""

from __future__ import annotations

import itertools
import statistics
from pathlib import Path

import requests

from tests.benchmarks import load
from tests.benchmarks.commands import Measure
from tests.benchmarks.figures import Figure
from tests.benchmarks.ground import Ground, address, asking
from tests.processes import Server

CLIENTS = 8  # enough for both workers to get some
BOTH = 2  # workers; a run in which one of them got all clients does not count
TRIES = 20
OF_THE_SERVER = {"Date", "Server", "Connection", "Server-Timing"}

ITEM = "work-items/BIG-7/"
PAGE = "work-items/?project=BIG&include_done=true&limit=100"


def against_bare(path: str) -> Measure:
    """Return a function that measures the time per request of a path, with several clients, both workers answering."""

    def measure(ground: Ground) -> Figure:
        server = ground.clocked_small
        answer = server.api("GET", path)
        bare = ground.bare({f"/api/v1/{path.partition('?')[0]}": (_headers(answer), answer.text)})
        rounds = max(3, ground.rounds // 4)
        pairs = [(_run(server, path, ground.seconds), _run(bare, path, ground.seconds)) for _ in range(rounds)]
        bare.end()
        times = statistics.median(floor.rate / ours.rate for (ours, _), (floor, _) in pairs)
        busy = statistics.median(ours / floor for (_, ours), (_, floor) in pairs)
        ours, floor = (statistics.median(run.rate for run, _ in runs) for runs in zip(*pairs, strict=True))
        return Figure(times, f"{ours:.0f}/s, {floor:.0f}/s, {CLIENTS} clients; workers' processor time {busy:.1f} ×")

    return measure


def _headers(answer: requests.Response) -> list[tuple[str, str]]:
    return [(name, value) for name, value in answer.headers.items() if name not in OF_THE_SERVER]


def _run(server: Server, path: str, seconds: float) -> tuple[load.Results, float]:
    """Return a run in which both workers answered, and its processor ticks per response."""
    request = (path, asking(server, "GET", path))
    for _ in range(TRIES):
        before = _ticks(server)
        results = load.run(address(server), CLIENTS, lambda _: itertools.repeat(request), seconds)
        assert not results.wrong, results.wrong[:3]
        if len(results.workers) == BOTH:
            return results, (_ticks(server) - before) / len(results.answers)
    raise AssertionError(f"only one worker answered, {TRIES} times")


def _ticks(server: Server) -> int:
    """Return the processor ticks that the workers have used, in user and system mode; proc(5)."""
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in server.workers()]
    return sum(int(fields[11]) + int(fields[12]) for fields in stats)

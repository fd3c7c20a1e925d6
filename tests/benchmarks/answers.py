"""An answer of the product against the same bytes from an application that does nothing, on the same gunicorn."""

from __future__ import annotations

import itertools
import statistics

import requests

from tests.benchmarks import load
from tests.benchmarks.commands import Measure
from tests.benchmarks.figures import Figure
from tests.benchmarks.ground import Ground, address, asking
from tests.processes import Server

CLIENTS = 8  # so many that both workers get some
BOTH = 2  # workers: a run in which one of them got all the clients does not count
TRIES = 20
OF_THE_SERVER = {"Date", "Server", "Connection", "Server-Timing"}

ITEM = "work-items/BIG-7/"
PAGE = "work-items/?project=BIG&include_done=true&limit=100"


def against_bare(path: str) -> Measure:
    """Return what measures the time per request of a path, several clients asking at once, both workers answering."""

    def measure(ground: Ground) -> Figure:
        server = ground.clocked_small
        answer = server.api("GET", path)
        bare = ground.bare({f"/api/v1/{path.partition('?')[0]}": (_headers(answer), answer.text)})
        pairs = []
        for _ in range(max(3, ground.rounds // 4)):
            pairs.append((_rate(server, path, ground.seconds), _rate(bare, path, ground.seconds)))
        bare.end()
        ours, floor = (statistics.median(rates) for rates in zip(*pairs, strict=True))
        times = statistics.median(floor / ours for ours, floor in pairs)
        return Figure(times, f"{ours:.0f}/s against {floor:.0f}/s, {CLIENTS} clients")

    return measure


def _headers(answer: requests.Response) -> list[tuple[str, str]]:
    return [(name, value) for name, value in answer.headers.items() if name not in OF_THE_SERVER]


def _rate(server: Server, path: str, seconds: float) -> float:
    """Return answers a second of a run in which both workers worked."""
    request = (path, asking(server, "GET", path))
    for _ in range(TRIES):
        results = load.run(address(server), CLIENTS, lambda _: itertools.repeat(request), seconds)
        assert not results.wrong, results.wrong[:3]
        if len(results.workers) == BOTH:
            return results.rate
    raise AssertionError(f"only one worker answered, {TRIES} times")

"""Measure how long the application takes for each kind of request at full size, while other clients send requests too.

The time is the application's own, which the server reports in Server-Timing (served/clocked.py): reading, queueing
for a thread and sending are gunicorn's and are part of the client's figure. Each p99 is divided by what the machine
itself needs in the same run: reads by the start of an interpreter, writes by that and one commit of SQLite alone per
client, since writers wait for each other.
"""

from __future__ import annotations

import itertools
import json
import random
import statistics
from collections.abc import Callable, Iterator

from tests.benchmarks import load, rates
from tests.benchmarks.commands import Measure, interpreter
from tests.benchmarks.figures import Figure, p99
from tests.benchmarks.ground import Ground, address, asking
from tests.processes import Server

READERS = 4
Asked = Callable[[Server, int], Iterator[load.Request]]


def reads(ground: Ground) -> Figure:
    """Return the p99 of the slowest kind of list, filter, ready, search and figures, all mixed, against `pass`."""
    server = ground.clocked_large
    paths = read_paths(server)
    each = 20 if ground.short else 150

    def requests_of(number: int) -> Iterator[load.Request]:
        asked = [(name, asking(server, "GET", path)) for name, path in paths.items()] * (each // READERS + 1)
        random.Random(number).shuffle(asked)
        return iter(asked)

    load.run(address(server), READERS, lambda _: iter([(n, asking(server, "GET", p)) for n, p in paths.items()]), 60)
    before = interpreter(ground)
    results = load.run(address(server), READERS, requests_of, 300)
    assert not results.wrong, results.wrong[:3]
    basis = (before + interpreter(ground)) / 2 * 1e3
    kinds = results.by_name()
    worst = sorted(((p99([answer.inside for answer in kind]), name) for name, kind in kinds.items()), reverse=True)
    named = ", ".join(f"{name} {time:.0f}" for time, name in worst[:4])
    slowest = f"{worst[0][0]:.0f} ms / {basis:.1f} ms; slowest of {len(kinds)} kinds: {named}"
    return Figure(worst[0][0] / basis, f"{slowest}; {_beside(results.answers)}")


def writes(name: str) -> Measure:
    """Return a function that measures the p99 of a kind of write with 8 clients, against `pass` and 8 bare commits."""

    def measure(ground: Ground) -> Figure:
        server = ground.clocked_large
        count = 10 if ground.short else 100
        keys = itertools.count(1)

        def requests_of(number: int) -> Iterator[load.Request]:
            return itertools.islice((write(server, name, next(keys)) for _ in itertools.count()), count)

        before = _writers_basis(ground)
        results = load.run(address(server), rates.WRITERS, requests_of, 120)
        assert not results.wrong, results.wrong[:3]
        basis = (before + _writers_basis(ground)) / 2
        times = [answer.inside for answer in results.answers]
        slowest = f"{p99(times):.0f} ms / {basis:.1f} ms; {len(times)} at {results.rate:.0f}/s"
        return Figure(p99(times) / basis, f"{slowest}; {_beside(results.answers)}")

    return measure


def _writers_basis(ground: Ground) -> float:
    """Return the milliseconds of one `python -c pass` and of one commit of SQLite alone for each writer.

    The commits go to a small board: the product is responsible for any cost that grows with size.
    """
    return (interpreter(ground) + rates.WRITERS / rates.commits(rates.floor(ground), ground.seconds / 2)) * 1e3


def write(server: Server, name: str, number: int) -> load.Request:
    """Return the `number`th write request of its kind."""
    headers = {"Idempotency_Key": f"{name}-{number}-{random.getrandbits(64):x}"}
    if name == "update":
        body: dict[str, object] = {"status": "review", "title": f"Changed for the {number}th time"}
        return name, asking(server, "PATCH", f"work-items/BIG-{number * 37 % 1900 + 2}/", body, **headers)
    if name == "claim":
        return name, asking(server, "POST", "work-items/claim-next/", {"project": "BIG"}, **headers)
    return name, asking(server, "POST", "work-items/", rates.new_item(number), **headers)


def read_paths(server: Server) -> dict[str, str]:
    """Return the paths to read, by name."""
    items = "work-items/?project=BIG"
    epic = json.loads(server.api("GET", f"{items}&type=epic&limit=1").content)["results"][0]["display_key"]
    sprint = json.loads(server.api("GET", "sprints/?project=BIG&limit=1").content)["results"][0]["id"]
    last = json.loads(server.api("GET", f"{items}&ordering=-item_number&limit=500").content)["next"]
    filters = {
        "list": "",
        "all": "&include_done=true",
        "done": "&status=done",
        "status": "&status=todo,review",
        "type": "&type=story",
        "priority": "&priority=critical",
        "assignee": "&assignee=llm",
        "label": "&label=server",
        "sprint": f"&sprint={sprint}",
        "parent": f"&parent={epic}",
        "descendants": f"&descendants_of={epic}",
        "ancestors": "&ancestors_of=BIG-7",
        "orphaned": "&orphaned=true",
        "blocked": "&blocked=true",
        "updated-since": "&updated_since=2026-01-01T12:00:00Z",
        "text": "&search=client+reads",
        "rare-text": "&search=nowhere",
        "deleted": "&deleted=true",
        "mixed": "&status=todo&priority=high&type=task&assignee=llm",
        **{
            f"by-{order.strip('-')}": f"&ordering={order}"
            for order in ("-updated_at", "title", "priority", "-created_at")
        },
    }
    return {
        **{name: items + query for name, query in filters.items()},
        "deep": last.partition("/api/v1/")[2],
        "ready": "work-items/ready/?project=BIG",
        "show": "work-items/BIG-7/show/",
        "search": "search/?q=client+reads&project=BIG",
        "search-rare": "search/?q=nowhere",
        "search-key": "search/?q=BIG-77",
        "stats": "projects/BIG/stats/",
        "activity": "activity/?project=BIG",
        "changes": "changes/?since=1000&project=BIG",
        "comments": "comments/?work_item=BIG-1",
        "dependencies": "dependencies/?work_item=BIG-2",
        "sprints": "sprints/?project=BIG",
        "report": f"sprints/{sprint}/report/",
        "lanes": "swim-lanes/?project=BIG",
        "projects": "projects/",
    }


def _beside(answers: list[load.Answer]) -> str:
    """Return the other figures of a run."""
    inside = [answer.inside for answer in answers]
    busy, outside = [answer.busy for answer in answers], [answer.outside for answer in answers]
    return (
        f"all: median {statistics.median(inside):.0f}, p99 {p99(inside):.0f}, processor time {p99(busy):.0f}, "
        f"client {p99(outside):.0f} ms"
    )

"""Measure the server as a process: how soon it answers, and how much memory it uses."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from tests.benchmarks.figures import Figure, ratio
from tests.benchmarks.ground import SMALL, Ground
from tests.processes import Server

PAGES = (
    "/",
    "/board/BIG/",
    "/items/BIG-7/",
    "/sprints/BIG/",
    "/search/?q=client",
    "/admin/",
    "/admin/projects/workitem/",
)
RESOURCES = (
    *("projects/", "work-items/?project=BIG", "work-items/BIG-7/", "work-items/BIG-7/show/", "search/?q=client"),
    *("work-items/ready/?project=BIG", "projects/BIG/stats/", "activity/?project=BIG", "sprints/?project=BIG"),
)


def start(ground: Ground) -> Figure:
    """Time a start with a migrated database until the first correct response, against `check` of the same settings."""
    directory = ground.repository("started")
    command = [ground.installed.command("pm-manage")]

    def first_answer() -> float:
        begin = time.perf_counter()
        server = Server(directory, command=command, **ground.installed.variables).ready()
        answer = server.api("GET", "projects/")
        taken = time.perf_counter() - begin
        server.end()
        assert answer.json()["results"] == []
        return taken

    return ratio(
        max(3, ground.rounds // 3), first_answer, lambda: ground.installed.time([*command, "check"], directory)
    )


def memory(ground: Ground) -> Figure:
    """Return the memory of a server's processes after API and page traffic, against bare WSGI after similar traffic.

    Shared memory is divided among the processes that share it (PSS).
    """
    directory = ground.board("remembered", SMALL)
    command = [ground.installed.command("pm-manage")]
    server = Server(directory, command=command, **ground.installed.variables).ready()
    try:
        idle = _proportional([server.pid, *server.workers()])
        with requests.Session() as session:
            session.trust_env = False
            _visit(session, server, 3 if ground.short else 30)
        processes = [server.pid, *server.workers()]
        parts = [_own(worker, server.pid) for worker in server.workers()]
        copied, new = (statistics.mean(part) for part in zip(*parts, strict=True))
        own = f"of a worker's private {copied + new:.0f} MiB, {copied:.0f} are copies of the master's pages"
        each = [_proportional([pid]) for pid in processes]
        total = sum(each)
    finally:
        server.end()
    bare = _bare_memory(ground)
    shares = " + ".join(f"{share:.0f}" for share in each)  # the master's first
    note = f"{total:.0f} MiB / {bare:.0f} MiB; {len(processes)} processes, {shares}; idle {idle:.0f} MiB; {own}"
    return Figure(total / bare, note)


def _bare_memory(ground: Ground) -> float:
    """Return the MiB of the processes of bare WSGI after some hundred responses."""
    path = "projects/"
    server = ground.bare({f"/api/v1/{path}": ([("Content-Type", "application/json"), ("Content-Length", "2")], "{}")})
    for _ in range(300):
        assert server.api("GET", path).status_code == 200
    total = _proportional([server.pid, *server.workers()])
    server.end()
    return total


def _visit(session: requests.Session, server: Server, rounds: int) -> None:
    """Request every page and every resource and create an item, again and again."""
    link = server.api("POST", "login-links/").json()["url"]
    assert session.get(server.url + link).status_code == 200
    shown = set()
    for number in range(rounds):
        for page in PAGES:
            answer = session.get(server.url + page)
            if answer.status_code == 200:
                shown.add(page)
        for resource in RESOURCES:
            assert server.api("GET", resource).status_code == 200, resource
        body = {"project": "BIG", "item_type": "task", "title": f"Task {number}"}
        assert server.api("POST", "work-items/", json=body).status_code == 201
    assert len(shown) > 4, shown


def _proportional(pids: list[int]) -> float:
    total = 0
    for pid in pids:
        found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
        total += int(found[1]) if found else 0
    return total / 1024


def _own(worker: int, master: int) -> tuple[float, float]:
    """Return the MiB that only this worker has: copies of pages that the master has too, and new ones."""
    inherited = [(begin, end) for begin, end, _ in _mappings(master)]
    copied = new = 0
    for begin, _, private in _mappings(worker):
        if any(first <= begin < last for first, last in inherited):
            copied += private
        else:
            new += private
    return copied / 1024, new / 1024


def _mappings(pid: int) -> Iterator[tuple[int, int, int]]:
    """Yield begin, end and private KiB of each mapping of a process."""
    found = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) .*?^Private_Dirty:\s+(\d+)", re.M | re.S)
    for begin, end, private in found.findall(Path(f"/proc/{pid}/smaps").read_text()):
        yield int(begin, 16), int(end, 16), int(private)

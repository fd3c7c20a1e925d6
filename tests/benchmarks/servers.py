"""The server as a process: how soon it answers, what memory it takes."""

from __future__ import annotations

import re
import time
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
    """Time a start with a migrated database until the first right answer, against `check` of the same settings."""
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
    """Return the MiB of a server's processes after traffic by API and pages, what they share divided among them."""
    directory = ground.board("remembered", SMALL)
    command = [ground.installed.command("pm-manage")]
    server = Server(directory, command=command, **ground.installed.variables).ready()
    try:
        idle = _proportional([server.pid, *server.workers()])
        with requests.Session() as session:
            session.trust_env = False
            _visit(session, server, 3 if ground.short else 30)
        processes = [server.pid, *server.workers()]
        return Figure(_proportional(processes), f"{len(processes)} processes; idle {idle:.0f} MiB")
    finally:
        server.end()


def _visit(session: requests.Session, server: Server, rounds: int) -> None:
    """Ask for every page, every resource and a new item, again and again."""
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

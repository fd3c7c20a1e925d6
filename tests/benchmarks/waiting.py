"""Measure what commands that wait for an answer cost others, and how soon an answer reaches them."""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks.commands import LIST_PROJECTS
from tests.benchmarks.figures import Figure
from tests.benchmarks.ground import Ground
from tests.processes import Server, environment

WAITING = 30  # commands
ANSWERS = 20
SETTLED = 3.0  # seconds until all of them wait at their own times
PERSON = {"X-PM-Actor": "bench-person", "X-PM-Actor-Source": "terminal"}


def beside(ground: Ground) -> Figure:
    """Return the time of `pm project list` beside 30 waiting commands, against the same while these are stopped."""
    server, pm = _server(ground, "waiting"), ground.installed.command("pm")
    keys = [_ask(server) for _ in range(WAITING)]
    ratios, busy, alone = [], [], []
    with _waiters(ground, server, keys) as waiters:
        for _ in range(ground.rounds // 5 + 1):  # blocks, as the commands need a moment to spread again
            _signal(waiters, signal.SIGCONT)
            time.sleep(SETTLED)
            some = [ground.installed.time([pm, *LIST_PROJECTS], server.directory) for _ in range(5)]
            _signal(waiters, signal.SIGSTOP)
            others = [ground.installed.time([pm, *LIST_PROJECTS], server.directory) for _ in range(5)]
            ratios.append(statistics.median(some) / statistics.median(others))
            busy += some
            alone += others
        _signal(waiters, signal.SIGCONT)
        assert all(waiter.poll() is None for waiter in waiters)
    note = f"{statistics.median(busy) * 1e3:.1f} ms / {statistics.median(alone) * 1e3:.1f} ms"
    return Figure(statistics.median(ratios), note)


def latency(ground: Ground) -> Figure:
    """Return the median seconds from an answer to the end of the command that waits for it, beside 30 others."""
    server = _server(ground, "answered")
    others = [_ask(server) for _ in range(WAITING)]
    taken = []
    with _waiters(ground, server, others):
        for _ in range(ANSWERS):
            key = _ask(server)
            with _waiters(ground, server, [key]) as (waiter,):
                time.sleep(SETTLED)  # until it asks at its slowest
                begin = time.perf_counter()
                response = server.api("POST", f"questions/{key}/answer/", json={"answer": "yes"}, headers=PERSON)
                assert response.status_code == 200, response.text
                out, _ = waiter.communicate(timeout=30)
                taken.append(time.perf_counter() - begin)
                assert json.loads(out)["answer"] == "yes"
    return Figure(statistics.median(taken), f"slowest of {ANSWERS}: {max(taken):.2f} s")


def _server(ground: Ground, name: str) -> Server:
    server = ground.serve(ground.repository(name))
    response = server.api("POST", "projects/", json={"key": "ASK", "title": "Questions"})
    assert response.status_code == 201, response.text
    return server


def _ask(server: Server) -> str:
    """Ask about a new item; return the key of the question."""
    item = {"project": "ASK", "item_type": "task", "title": "One"}
    key = server.api("POST", "work-items/", json=item).json()["display_key"]
    question = server.api("POST", "questions/", json={"work_item": key, "text": "Go on?", "choices": ["yes", "no"]})
    return str(question.json()["display_key"])


@contextmanager
def _waiters(ground: Ground, server: Server, keys: list[str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run a command for each question that waits for its answer."""
    env, pm = environment(**ground.installed.variables), ground.installed.command("pm")
    found = [
        subprocess.Popen([pm, "wait", key, "--for", "1h"], cwd=server.directory, env=env, stdout=subprocess.PIPE)
        for key in keys
    ]
    try:
        yield found
    finally:
        for waiter in found:
            waiter.kill()
            waiter.communicate()


def _signal(waiters: list[subprocess.Popen[bytes]], number: signal.Signals) -> None:
    for waiter in waiters:
        waiter.send_signal(number)

"""Scenario: the command `pm check`, the server, or git is killed at any moment of a run."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import requests

from tests.processes import DEADLINE, Server, environment, poll
from tests.projects.client.conftest import PM
from tests.torture.ground import ended, repository
from tests.torture.reporter import Result

PERSON = {"X-PM-Actor": "casey", "X-PM-Actor-Source": "terminal"}
VICTIMS = ("command", "server", "git")
LATEST = 1.0  # seconds after the start of the command
FILES = 400  # so that git and the reading of the files take a while


def killed_checks(count: int) -> Result:
    """Kill one of the three; what is stored afterwards did happen, and what was said to have passed is stored."""
    result = Result("SIGKILL of pm check, server or git during a check")
    chance = random.Random(16)
    with repository() as directory:
        _fill(directory)
        server = Server(directory).ready()
        log = directory.parent / "finished"
        try:
            key = _define(server, f"sleep 0.05; echo x >> {log}")
            for number in range(count):
                victim = VICTIMS[number % len(VICTIMS)]
                with result.attempt(victim):
                    process = subprocess.Popen(
                        [*PM, "check", key],
                        cwd=directory,
                        env=environment(),
                        stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL,
                        text=True,
                    )
                    _kill(victim, process, server, chance.random() * LATEST)
                    said, _ = process.communicate(timeout=DEADLINE)
                    if server.process.poll() is not None:
                        server = Server(directory).ready()
                    _verify(server, key, said, log, result)
        finally:
            with ended(server):
                pass
    return result


def _fill(directory: Path) -> None:
    for number in range(FILES):
        (directory / f"file{number}").write_text(str(number))
    subprocess.run(("git", "-C", directory, "init", "-q"), check=True)


def _call(server: Server, method: str, path: str, body: Any = None, **headers: str) -> Any:
    url = f"http://127.0.0.1:{server.info['port']}/api/v1/{path}"
    all_headers = {"Authorization": f"Bearer {server.token}", **headers}
    response = requests.request(method, url, json=body, headers=all_headers, timeout=DEADLINE)
    assert response.ok, response.text
    return response.json()


def _define(server: Server, command: str) -> str:
    """Make a project with a check and an item; return the item's key."""
    _call(server, "POST", "projects/", {"key": "PONE", "title": "One"}, **PERSON)
    _call(server, "POST", "checks/", {"project": "PONE", "name": "unit", "command": command}, **PERSON)
    _call(server, "POST", "work-items/", {"project": "PONE", "title": "First", "item_type": "task"}, **PERSON)
    return "PONE-1"


def _kill(victim: str, process: subprocess.Popen[str], server: Server, wait: float) -> None:
    until = time.monotonic() + wait
    while victim == "git" and time.monotonic() < until and process.poll() is None:
        with suppress(psutil.Error):
            for child in psutil.Process(process.pid).children():
                if child.name() == "git":
                    child.kill()
                    return
    time.sleep(max(0.0, until - time.monotonic()))
    if victim == "command":
        process.kill()
    elif victim == "server":
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()


def _verify(server: Server, key: str, said: str, log: Path, result: Result) -> None:
    finished = len(log.read_text().split()) if log.exists() else 0
    rows = _call(server, "GET", f"check-runs/?work_item={key}&limit=1000")["results"]
    assert len(rows) <= finished, f"{len(rows)} results of {finished} commands that ended"
    assert all(row["outcome"] in ("passed", "failed", "changed") and row["tree"] for row in rows), rows
    passed = [json.loads(line) for line in said.splitlines() if line.startswith('{"check"')]
    if passed and not any(row["outcome"] == "passed" for row in rows):
        result.lost += 1
        raise AssertionError("a pass was printed, but is not stored")
    (state,) = _call(server, "GET", f"work-items/{key}/checks/")["checks"]
    assert (state["state"] == "not_run") is (not rows), state
    poll(lambda: _call(server, "GET", "work-items/PONE-1/")["version"] == 1, what="the item as it was")

"""Scenario 9, part 2: workers and master run out of file descriptors."""

from __future__ import annotations

import os
import resource
import signal
from functools import partial

import requests

from tests.processes import Server, children, poll
from tests.torture.ground import ended, heard, projects_of, repository
from tests.torture.reporter import Result

SPARE = (0, 1, 2, 4)
SERVED_WITHIN = 4.0 + 3.0  # seconds: the master retries to start a worker after at most four, and the worker starts


def spent_descriptors(count: int) -> Result:
    """Leave a few file descriptors or none, and kill a worker: no wrong response, and everything recovers."""
    result = Result("no file descriptors left, a worker killed", "until two workers answer again")
    with repository() as directory:
        server, answered = Server(directory).ready(), dict[str, bool]()
        with ended(server):
            for number in range(count):
                with result.attempt(f"{SPARE[number % len(SPARE)]} to spare"):
                    processes = [server.pid, *server.workers()]
                    limits = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
                    for pid in processes:
                        _leave(pid, SPARE[number % len(SPARE)])
                    try:
                        for turn in range(3):
                            answered |= _write(server, f"N{number}_{turn}")
                        os.kill(processes[1], signal.SIGKILL)
                        poll(partial(_is_no_child, processes[1], server.pid))
                        answered |= _write(server, f"N{number}_K")
                    finally:
                        for pid in (server.pid, *children(server.pid)):  # also the workers forked in the meantime
                            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
                    heard(server)
                    with result.clock():
                        poll(lambda: len(children(server.pid)) == 2, what="two workers")
                        stored = projects_of(server)
                    wrong = [key for key, done in answered.items() if done is not (key in stored)]
                    assert not wrong, f"acknowledged but missing, or refused but stored: {wrong}"
                    assert result.times[-1] < SERVED_WITHIN, f"recovered after {result.times[-1]:.1f} s"
            assert server.end()[0] == 0
    return result


def _is_no_child(pid: int, parent: int) -> bool:
    return pid not in children(parent)


def _leave(pid: int, spare: int) -> None:
    """Let a process open at most `spare` more file descriptors."""
    used = max(int(name) for name in os.listdir(f"/proc/{pid}/fd"))
    _, most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 1 + spare, most))


def _write(server: Server, key: str) -> dict[str, bool]:
    """Try to create a project; return whether it was created, or nothing without a response."""
    try:
        response = server.api("POST", "projects/", json={"key": key, "title": "t"}, timeout=5)
    except requests.RequestException:
        return {}
    assert response.status_code in (201, 503), f"{response.status_code} {response.text[:200]}"
    assert response.headers["X-PM-Instance"] == server.info["instance_id"]
    return {key: response.status_code == 201}

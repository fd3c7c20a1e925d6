"""Scenario 1: killed masters."""

from __future__ import annotations

import statistics

from tests.processes import Server
from tests.torture.ground import ended, projects_of, repository
from tests.torture.reporter import Result

MAX_TAKEOVER = 1.0  # seconds beyond a normal start


def killed_masters(count: int) -> Result:
    """Start, kill the master, start again: each restart serves what was acknowledged before."""
    result = Result("SIGKILL the master, then restart", "a start after a kill, beyond a normal one")
    with repository() as directory:
        normal = Result("")
        for _ in range(5):
            with normal.clock():
                server = Server(directory).ready()
            assert server.end()[0] == 0
        basis = statistics.median(normal.times)
        server, keys = Server(directory).ready(), set[str]()
        for number in range(count):
            with result.attempt():
                key = f"K{number}"
                assert server.api("POST", "projects/", json={"key": key, "title": "t"}).status_code == 201
                keys.add(key)
                server.process.kill()
                server.process.communicate()
                with result.clock():
                    server = Server(directory).ready()
                assert projects_of(server) == keys, "an acknowledged write is missing"
        with ended(server):
            result.worst = max(0.0, result.worst - basis)
            beyond = sorted(time - basis for time in result.times)
            if beyond[int(len(beyond) * 0.99) - 1] > MAX_TAKEOVER:
                result.failures.append(f"p99 of a takeover is {beyond[int(len(beyond) * 0.99) - 1]:.2f} s")
            assert server.end()[0] == 0
    return result

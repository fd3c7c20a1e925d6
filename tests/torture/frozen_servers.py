"""Scenario 9, part 4: a server stopped with SIGSTOP is neither waited for nor replaced."""

from __future__ import annotations

import os
import signal

from tests.processes import Server
from tests.projects.client.conftest import call
from tests.torture.ground import ended, projects_of, repository, seen
from tests.torture.reporter import Result

TIMEOUT = 0.5  # seconds
ALLOWED = TIMEOUT + 2.0  # includes the start of Python


def frozen_servers(count: int) -> Result:
    """Freeze master and workers: the client reports it in time, no server takes over, and it continues intact."""
    result = Result("server stopped with SIGSTOP", f"a client with --timeout {TIMEOUT}")
    with repository() as directory:
        server = Server(directory).ready()
        with ended(server):
            before, promised = seen(server.port_file), set[str]()
            for number in range(count):
                with result.attempt():
                    frozen = [server.pid, *server.workers()]
                    for pid in frozen:
                        os.kill(pid, signal.SIGSTOP)
                    try:
                        with result.clock():
                            answer = call(directory, "project", "list", "--timeout", f"{TIMEOUT}")
                        assert answer.error["code"] == "UNRESPONSIVE", answer.err
                        assert f"(pid {server.pid})" in answer.error["message"]
                        assert result.times[-1] < ALLOWED, f"reported after {result.times[-1]:.1f} s"
                        second = Server(directory)
                        with ended(second):
                            assert second.end(0)[0] == 1
                        assert seen(server.port_file) == before
                    finally:
                        for pid in frozen:
                            os.kill(pid, signal.SIGCONT)
                    key = f"N{number}"
                    assert server.api("POST", "projects/", json={"key": key, "title": "t"}).status_code == 201
                    promised.add(key)
                    assert projects_of(server) == promised
            assert server.end()[0] == 0
    return result

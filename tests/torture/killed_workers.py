"""Scenario 5: killed workers under load."""

from __future__ import annotations

import os
import random
import signal
from functools import partial

from tests.processes import Server, children, poll
from tests.torture.ground import ended, repository, seen
from tests.torture.reporter import Result
from tests.torture.writers import Writers, answers, projects_of_all

BACK_WITHIN = 1.0  # seconds until the service responds after a kill


def killed_workers(count: int) -> Result:
    """Kill workers while clients write: the file stays, the service returns, no acknowledged write is lost."""
    result = Result("SIGKILL of a worker under load", "a response after the kill")
    with repository() as directory:
        server = Server(directory).ready()
        with ended(server):
            before = seen(server.port_file)
            with Writers(server) as writers:
                for _ in range(count):
                    with result.attempt():
                        written = len(writers.acknowledged)
                        poll(partial(writers.has_more_than, written))
                        victims = poll(lambda: children(server.pid))
                        os.kill(random.choice(victims), signal.SIGKILL)
                        with result.clock():
                            poll(lambda: answers(server), 10, "a response")
                        assert seen(server.port_file) == before, "server.json was touched"
                        assert result.times[-1] < BACK_WITHIN, f"back after {result.times[-1]:.2f} s"
            result.failures += writers.wrong[:5]
            result.lost = len(writers.acknowledged - projects_of_all(server))
            if result.lost:
                result.failures.append(f"{result.lost} acknowledged writes are missing")
            assert server.end()[0] == 0
    return result

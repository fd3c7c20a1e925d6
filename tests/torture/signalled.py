"""Scenario 6: every signal that does not stop a server, and workers that are replaced repeatedly."""

from __future__ import annotations

import os
import signal
from functools import partial

from tests.processes import Server, children, poll
from tests.torture.ground import ended, patched, repository, seen
from tests.torture.reporter import Result
from tests.torture.writers import Writers, answers, projects_of_all

OTHERS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH, signal.SIGTTIN, signal.SIGTTOU)
MAX_REQUESTS = 40
# gunicorn's max_requests: a worker exits after this many, and is replaced.
RECYCLING = patched(
    f"""
import discovery.worker

class Worker(discovery.worker.Worker):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.max_requests = {MAX_REQUESTS}

discovery.worker.Worker = Worker
"""
)


def signalled(count: int) -> Result:
    """Under load, with workers that recycle: HUP, one of the other signals, TERM to a worker; no client notices."""
    result = Result("HUP, USR1, USR2, WINCH, TTIN, TTOU, TERM to a worker", "a response after the signals")
    with repository() as directory:
        server = Server(directory, command=RECYCLING).ready()
        with ended(server):
            before, workers = seen(server.port_file), set(server.workers())
            with Writers(server) as writers:
                for number in range(count):
                    with result.attempt():
                        old = set(children(server.pid))
                        server.send(signal.SIGHUP)
                        poll(partial(_are_replaced, server.pid, old), what="new workers")
                        server.send(OTHERS[number % len(OTHERS)])
                        os.kill(poll(lambda: children(server.pid))[0], signal.SIGTERM)
                        with result.clock():
                            poll(lambda: answers(server), 10, "a response")
                        assert seen(server.port_file) == before, "server.json was touched"
            result.failures += writers.wrong[:5]
            result.lost = len(writers.acknowledged - projects_of_all(server))
            if result.lost:
                result.failures.append(f"{result.lost} acknowledged writes are missing")
            if writers.dropped:
                result.failures.append(f"{writers.dropped} connections ended without a response")
            expected = 2 + (count % len(OTHERS) == OTHERS.index(signal.SIGTTIN) + 1)
            poll(lambda: len(children(server.pid)) == expected, what=f"{expected} workers")
            assert not workers & set(children(server.pid))
            assert server.end()[0] == 0
    return result


def _are_replaced(master: int, workers: set[int]) -> bool:
    return not workers & set(children(master))

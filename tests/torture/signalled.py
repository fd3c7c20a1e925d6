"""Fire 6: every signal that does not stop a server."""

from __future__ import annotations

import json
import os
import signal

from tests.processes import Server, children, poll
from tests.torture.ground import ended, projects_of, repository
from tests.torture.reporter import Result
from tests.torture.writers import answers


def signalled(count: int) -> Result:
    """Send every signal that does not stop a server: the file stays right and requests are answered."""
    result = Result("HUP, USR1, USR2, WINCH, TTIN, TTOU; TERM to a worker", "an answer after the signal")
    signals = [
        signal.SIGHUP,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGWINCH,
        signal.SIGTTIN,
        signal.SIGTTOU,
    ]
    with repository() as directory:
        server = Server(directory).ready()
        with ended(server):
            for number in range(count):
                with result.attempt():
                    server.send(signals[number % len(signals)])
                    os.kill(poll(lambda: children(server.pid))[0], signal.SIGTERM)
                    with result.clock():
                        poll(lambda: answers(server), 10, "an answer")
                    assert json.loads(server.port_file.read_text()) == server.info
            projects_of(server)
            assert server.end()[0] == 0
    return result

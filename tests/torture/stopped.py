"""Fire 7: every way to stop."""

from __future__ import annotations

import signal

from tests.processes import Server, poll
from tests.torture.ground import ended, repository
from tests.torture.reporter import Result
from tests.torture.writers import Writers


def stopped(count: int) -> Result:
    """Stop by each signal, idle and under load: the file is gone, exit 0, within the grace time."""
    result = Result("TERM, INT, QUIT, double INT; idle and under load", "the exit")
    with repository() as directory:
        for number in range(count):
            with result.attempt():
                server = Server(directory).ready()
                with ended(server):
                    ways = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, None)
                    way = ways[number % len(ways)]
                    loaded = number % 8 >= 4
                    with result.clock():
                        if loaded:
                            with Writers(server) as writers:
                                poll(lambda: writers.acknowledged)
                                _stop(server, way)
                                writers._stop.set()
                        else:
                            _stop(server, way)
                    assert server.process.returncode == 0, f"exit {server.process.returncode}"
                    assert not server.port_file.exists(), "the file is still there"
                    assert result.times[-1] < 12, f"exit after {result.times[-1]:.1f} s"
    return result


def _stop(server: Server, way: signal.Signals | None) -> None:
    server.send(way or signal.SIGINT)
    if way is None:
        server.send(signal.SIGINT)
    server.process.wait(30)

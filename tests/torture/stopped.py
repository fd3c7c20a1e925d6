"""Scenario 7: every way to stop, idle and under load."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import termios
from collections.abc import Callable
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path

from tests.processes import Server, poll
from tests.projects.client.conftest import call
from tests.torture.ground import ended, repository, stored_projects
from tests.torture.reporter import Result
from tests.torture.writers import Writers

IDLE = 1  # seconds
ALLOWED = 10 + 2  # seconds to finish requests, and to exit

Way = tuple[Server, Callable[[], object]]


def stopped(count: int) -> Result:
    """Stop: the file is gone, requests in progress are finished or refused, exit 0, within the grace period."""
    result = Result("every way to stop, idle and under load", "until the exit")
    with repository() as directory:
        for number in range(count):
            name = list(WAYS)[number % len(WAYS)]
            loaded = (number + number // len(WAYS)) % 2 == 1
            with result.attempt(f"{name}, {'loaded' if loaded else 'idle'}"):
                server, stop = WAYS[name](directory)
                with ended(server):
                    load = Writers(server, f"T{number}_") if loaded else None
                    with load or nullcontext():
                        if load:
                            poll(partial(load.has_more_than, 5))
                            if name == "idle stop":
                                _goes_on(server, load)
                        with result.clock():
                            stop()
                            poll(partial(_has_ended, server), what="the end")
                    assert server.process.returncode == 0, f"exit {server.process.returncode}"
                    assert not server.port_file.exists(), "the file is still there"
                    assert not (server.config / "server.token").exists(), "the token is still there"
                    assert result.times[-1] < ALLOWED, f"exit after {result.times[-1]:.1f} s"
                    if load:
                        assert not load.wrong, load.wrong[:3]
                        missing = load.acknowledged - stored_projects(server.config)
                        result.lost += len(missing)
                        assert not missing, f"acknowledged, but missing: {sorted(missing)[:5]}"
    return result


def _has_ended(server: Server) -> bool:
    return server.process.poll() is not None


def _by_signals(*numbers: signal.Signals) -> Callable[[Path], Way]:
    def start(directory: Path) -> Way:
        server = Server(directory).ready()
        return server, lambda: [server.send(number) for number in numbers]

    return start


def _closed_terminal(directory: Path) -> Way:
    controller, terminal = os.openpty()

    def take_terminal() -> None:
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

    server = Server(directory, preexec=take_terminal, stdout=terminal)
    os.close(terminal)
    return _published(server), lambda: os.close(controller)


def _closed_output(directory: Path) -> Way:
    server = Server(directory)
    assert server.process.stdout is not None
    server.process.stdout.close()  # before it has printed anything
    return _published(server), lambda: server.send(signal.SIGTERM)


def _idle(directory: Path) -> Way:
    return Server(directory, "--idle-timeout", f"{IDLE}").ready(), lambda: None


def _asked(directory: Path) -> Way:
    def stop() -> None:
        answer = call(directory, "server", "stop")
        assert answer.code == 0, answer.err

    return Server(directory).ready(), stop


WAYS: dict[str, Callable[[Path], Way]] = {
    "TERM": _by_signals(signal.SIGTERM),
    "INT": _by_signals(signal.SIGINT),
    "INT, INT": _by_signals(signal.SIGINT, signal.SIGINT),
    "QUIT": _by_signals(signal.SIGQUIT),
    "closed terminal": _closed_terminal,
    "closed output": _closed_output,
    "idle stop": _idle,
    "pm server stop": _asked,
}


def _published(server: Server) -> Server:
    poll(lambda: server.port_file.exists() or server.process.poll() is not None)
    server.info = json.loads(server.port_file.read_text())
    return server


def _goes_on(server: Server, load: Writers) -> None:
    """Assert that requests keep the server from being idle, then stop them."""
    for _ in range(3 * IDLE):
        written = len(load.acknowledged)
        with suppress(subprocess.TimeoutExpired):
            server.process.wait(1)
        assert server.process.returncode is None, "it stopped while requests arrived"
        assert len(load.acknowledged) > written
    load.stop()

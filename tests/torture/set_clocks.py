"""Scenario 9, part 3: the clock is set an hour forward and back, with libfaketime."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

from tests.processes import Server, poll, scaled
from tests.projects.client.conftest import call
from tests.torture.ground import ended, need, patched, projects_of, repository, seen
from tests.torture.reporter import Missing, Result

LIBRARY = "libfaketimeMT.so.1"
SETTINGS = ("+3600", "-3600", "+0")
IDLE = 600  # seconds, less than the clock is changed by
ALLOWED = 2 + 2  # seconds of a stop that got a second INT
# libfaketime breaks Python's own sleep (clock_nanosleep) when it must leave the monotonic clock alone.
COMMAND = patched("import select, time\ntime.sleep = lambda seconds: select.select([], [], [], seconds)")


def set_clocks(count: int) -> Result:
    """Set the clock of a running server: it serves and stays the owner, also for clients with any clock.

    Each round ends with a stop during which the clock is set back while a worker hangs.
    """
    preloaded = library()
    result = Result("clock set by +1 h and -1 h, also during a stop", "until the stop")
    with repository() as directory:
        promised: set[str] = set()
        for number in range(count):
            clock = directory.parent / "clock"
            faked = {
                "LD_PRELOAD": preloaded,
                "FAKETIME_TIMESTAMP_FILE": str(clock),
                "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # setting the clock leaves the kernel's monotonic clock alone too
            }
            _set(clock, "+0")
            with result.attempt():
                server = Server(directory, "--idle-timeout", f"{IDLE}", command=COMMAND, **faked).ready()
                with ended(server):
                    before = seen(server.port_file)
                    for setting in SETTINGS:
                        _set(clock, setting)
                        key = f"N{number}_{len(promised)}"
                        response = server.api("POST", "projects/", json={"key": key, "title": "t"})
                        assert response.status_code == 201, response.text
                        assert abs(_hours(response.json()["created_at"]) - int(setting) / 3600) < 0.5, "not set"
                        promised.add(key)
                        server.send(signal.SIGUSR1)  # its loop runs, and checks the idle time
                        assert projects_of(server) == promised
                        assert call(directory, "server", "status").code == 0
                        second = Server(directory)
                        with ended(second):
                            assert (second.end(0)[0], server.process.poll()) == (1, None)
                    assert seen(server.port_file) == before
                    hung = server.workers()[0]
                    os.kill(hung, signal.SIGSTOP)
                    with result.clock():
                        server.send(signal.SIGINT)
                        poll(partial(_is_absent, server.port_file))
                        _set(clock, "-3600")
                        server.send(signal.SIGINT)
                        try:
                            server.process.wait(scaled(ALLOWED))
                        except subprocess.TimeoutExpired:
                            with suppress(ProcessLookupError):
                                os.kill(hung, signal.SIGKILL)
                            raise AssertionError("the server does not stop") from None
                    assert server.process.returncode == 0
    return result


def library() -> str:
    """Return the path of libfaketime for programs with threads. Raises Missing."""
    need("faketime", "faketime")
    found = sorted(str(path) for root in ("/usr/lib", "/usr/local/lib") for path in Path(root).rglob(LIBRARY))
    if not found:
        raise Missing(f"{LIBRARY} is not installed; on Debian: apt-get install faketime")
    return found[0]


def _is_absent(file: Path) -> bool:
    return not file.exists()


def _set(clock: Path, setting: str) -> None:
    temporary = clock.with_suffix(".new")
    temporary.write_text(setting)
    temporary.rename(clock)  # the file is never empty


def _hours(moment: str) -> float:
    """Return by how many hours a time is ahead of our clock."""
    from datetime import datetime

    return (datetime.fromisoformat(moment).timestamp() - time.time()) / 3600

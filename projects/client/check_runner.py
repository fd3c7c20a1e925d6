"""Run the command of a check in a process group of its own, with a limit of time; keep the end of its output."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KEPT = 4096  # bytes of the end of the output
CHUNK = 1 << 16
GRACE = 2.0  # seconds between SIGTERM and SIGKILL
TICK = 0.05  # seconds
# The command waits for a line that comes when its guard is there. If `pm` is killed before, it never starts.
START = 'read -r go && exec /bin/sh -c "$1" </dev/null'
# A line comes when all is over; where `pm` was killed, the end of the pipe comes instead.
GUARD = 'read -r done || kill -s KILL -- "-$1"'


class Ended:
    """How a command ended: `exit_code` is None after a timeout, 128 and the signal's number after a signal."""

    def __init__(self, exit_code: int | None, duration: float, output: bytes) -> None:
        self.exit_code = exit_code
        self.duration = duration
        self.output = output


def run(command: str, top: str, timeout: float, environ: Mapping[str, str], write: Callable[[bytes], object]) -> Ended:
    """Run `sh -c command` in the folder `top`, and pass its output to `write` as it comes.

    Whatever is left of the process group is killed at the end, when the timeout is over, or when this process dies.
    """
    began = time.monotonic()
    process = subprocess.Popen(
        ["/bin/sh", "-c", START, "sh", command],
        cwd=top,
        env=dict(environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    fileno = process.stdout.fileno()
    os.set_blocking(fileno, False)
    tail = b""
    guard = None
    try:
        guard = _guard(process.pid)
        with suppress(BrokenPipeError), process.stdin as start:  # it was ended from outside
            start.write(b"go\n")
        deadline, is_over = began + timeout, False
        while process.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0 and not is_over:
                is_over, deadline = True, time.monotonic() + GRACE
                _end(process.pid, signal.SIGTERM)
            elif left <= 0:
                _end(process.pid, signal.SIGKILL)
            tail = _pass_on(fileno, tail, write, max(0.0, min(left, TICK)))
        duration = time.monotonic() - began
    finally:
        # Also what ignored SIGTERM, and what the command left behind: it would go on to change files.
        _end(process.pid, signal.SIGKILL)
        process.wait()
        if guard is not None:
            guard.communicate(b"done\n")
    tail = _pass_on(fileno, tail, write, 0)
    process.stdout.close()
    code = process.returncode
    return Ended(None if is_over else code if code >= 0 else 128 - code, duration, tail)


def _guard(group: int) -> subprocess.Popen[bytes]:
    """Start a process that kills the group if this one dies without its `finally`, as by SIGKILL."""
    return subprocess.Popen(
        ["/bin/sh", "-c", GUARD, "sh", str(group)],
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a Ctrl-C must not end it first
    )


def _pass_on(fileno: int, tail: bytes, write: Callable[[bytes], object], wait: float) -> bytes:
    """Pass on what the pipe has, after waiting for it; return the new end of the output."""
    poller = select.poll()
    poller.register(fileno, select.POLLIN)
    if not poller.poll(wait * 1000):
        return tail
    while True:
        try:
            chunk = os.read(fileno, CHUNK)
        except BlockingIOError:
            return tail
        if not chunk:
            time.sleep(wait)  # the command closed its output and goes on
            return tail
        write(chunk)
        tail = (tail + chunk)[-KEPT:]
        if len(chunk) < CHUNK:
            return tail


def _end(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS: PermissionError for a group of zombies
        os.killpg(group, number)

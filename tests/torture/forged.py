"""Scenario 11: a server.json with a false pid or port is never believed, and no process is signalled because of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from discovery import process
from tests.processes import Server, gone, poll
from tests.projects.client.conftest import call
from tests.torture.ground import ended, repository
from tests.torture.impostor import impostor
from tests.torture.reporter import Result

TOKEN = "t0ken-that-nobody-may-see"
PORTS = {"0": 0, "-1": -1, "1": 1, "65536": 65536, "2^32-1": 2**32 - 1, "a string": "80", "true": True}
COMMANDS = (("project", "list"), ("server", "status"), ("server", "stop"), ("server", "stop", "--force"), ("doctor",))
# Prints which signal it got.
BYSTANDER = """
import os, signal, sys
def report(number, frame):
    print(number, flush=True)
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, report)
os.setuid(int(sys.argv[1]))
print("up", flush=True)
while True:
    signal.pause()
"""


def forged(count: int) -> Result:
    """Forge pids and ports, with the lock free, held or missing: no connection, no signal; the next start works."""
    result = Result("forged pids and ports; an impostor on the port", "a client's refusal")
    with repository() as directory, ExitStack() as stack:
        stranger = stack.enter_context(impostor())
        bystander = stack.enter_context(_bystander())
        other = stack.enter_context(_bystander(user=65534)) if os.geteuid() == 0 else None
        if other is None:
            result.notes.append("no process of another user: this needs root")
        zombie = stack.enter_context(_zombie())
        watched = [one for one in (bystander, other) if one]
        pids: dict[str, object] = {
            "0": 0,
            "-1": -1,
            "1": 1,
            "2^32-1": 2**32 - 1,
            "2^31": 2**31,
            "1.5": 1.5,
            "ours": os.getpid(),
            "our parent's": os.getppid(),
            "a zombie's": zombie,
            "a living one's": bystander.pid,
            **({"another user's": other.pid} if other else {}),
        }
        board = directory / ".pm"
        Server(directory).ready().end()
        for number in range(count):
            name = list(pids)[number % len(pids)]
            lock = ("free", "held", "missing")[number // len(pids) % 3]
            port = list(PORTS)[number % len(PORTS)] if number % 4 == 3 else "the impostor's"
            command = COMMANDS[number % len(COMMANDS)]
            with result.attempt(f"pid {name}, port {port}, lock {lock}, pm {' '.join(command)}"):
                forged_file = {
                    "pid": pids[name],
                    "port": PORTS.get(port, stranger.port),
                    "host": "127.0.0.1",
                    "instance_id": "0" * 32,
                    "boot_id": process.boot_id(),
                    # Of another process with this pid; without a start time, a held lock is enough for a reader.
                    "process_start": "12345" if number % 2 or lock == "held" else None,
                }
                stranger.heard, stranger.calls = b"", 0
                (board / "server.json").write_text(json.dumps(forged_file))
                (board / "server.token").write_text(TOKEN)
                (board / "server.token").chmod(0o600)
                with _lock(board / "server.lock", lock):
                    with result.clock():
                        answer = call(directory, *command)
                    assert answer.code == (0 if command == ("doctor",) else 3), (answer.out, answer.err)
                    assert "server.json" in answer.err + answer.out, answer.err
                assert not stranger.heard, f"the impostor received {stranger.heard[:200]!r}"
                assert not stranger.calls, "the impostor got a connection"
                assert not [one for one in watched if one.poll() is not None], "a bystander was killed"
                if number % len(pids) == 0:
                    server = Server(directory)
                    with ended(server):
                        assert server.ready().info["port"] != stranger.port
                        assert server.end()[0] == 0
        for one in watched:
            one.kill()
            said = one.stdout.read() if one.stdout else ""
            if said:
                result.failures.append(f"a bystander got signals: {said.split()}")
    return result


@contextmanager
def _bystander(user: int | None = None) -> Iterator[subprocess.Popen[str]]:
    """A process that survives every signal except SIGKILL and SIGSTOP, and reports each."""
    with subprocess.Popen(
        [sys.executable, "-c", BYSTANDER, str(os.geteuid() if user is None else user)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            yield process
        finally:
            process.kill()


@contextmanager
def _zombie() -> Iterator[int]:
    child = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.DEVNULL)
    poll(lambda: gone(child.pid))
    try:
        yield child.pid
    finally:
        child.wait()


@contextmanager
def _lock(path: Path, state: str) -> Iterator[None]:
    """Make the lock free, missing, or held by a process that wrote no note into it."""
    path.unlink(missing_ok=True)
    if state != "missing":
        path.touch(mode=0o600)
    if state != "held":
        yield
        return
    import fcntl

    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

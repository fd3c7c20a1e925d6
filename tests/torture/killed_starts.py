"""Scenario 8: the start is killed at one of its steps, found and reached by tracing its system calls."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.processes import MANAGE, Server, children, poll
from tests.torture.ground import ended, need, projects_of, repository
from tests.torture.reporter import Missing, Result

# Calls that leave something behind, or make it visible to others.
CALLS = "flock,ftruncate,pwrite64,bind,listen,write,fsync,fdatasync,rename,link,unlink,mkdir,clone,clone3,vfork"
READY = r"write\(1, "
# Steps that every form of the scenario covers, killing at the call after them.
NAMED = {
    "lock": r"flock\(\d+, LOCK_EX\|LOCK_NB\) = 0",
    "bind": r"bind\(\d+, {sa_family=AF_INET",
    "temporary file": r"write\(\d+, \"{\\n  \\\"schema",
    "rename": r"rename\(.*server\.json\.\d+\.[0-9a-f]+\.tmp",
    "ready": READY,
}
STANDING = {".gitignore", "data.db", "secret_key", "server.lock", "write.lock"}


class Step(NamedTuple):
    """The point before the `number`-th call of `call`; `text` is its line in strace's output."""

    call: str
    number: int
    text: str


def killed_starts(count: int) -> Result:
    """Kill the start before one of its calls, start again: it works, and removes what was left behind.

    Every second round of the named steps, and half of the others, are of a repository's first start.
    """
    strace = _tracer()
    result = Result("SIGKILL at a step of the start, then restart", "a start after the kill")
    with repository() as directory:
        board = directory / ".pm"
        plans = {}
        for number in range(count):
            first = number // len(NAMED) % 2 == 1
            if first not in plans:
                if not first:  # this plan is of a later start
                    assert Server(directory).ready().end()[0] == 0
                elif board.exists():
                    shutil.rmtree(board)
                plans[first] = _plan(strace, directory)
            if first:
                shutil.rmtree(board)
            step = _pick(plans[first], number, count)
            with result.attempt(f"{'first' if first else 'later'} start, before {step.text[:60]}"):
                _kill(strace, directory, step)
                server = Server(directory)
                with ended(server):
                    with result.clock():
                        server.ready()
                    assert projects_of(server) == set()
                    assert server.end()[0] == 0
                left = {path.name for path in board.iterdir()}
                if first:  # git excludes the board since an earlier round: a killed start may not have written this
                    left.add(".gitignore")
                assert left == STANDING, f"left behind: {left ^ STANDING}"
    return result


def _tracer() -> str:
    """Return the path of strace. Raises Missing, also if it may not trace."""
    strace = need("strace", "strace")
    done = subprocess.run([strace, "-o", os.devnull, "true"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"strace may not trace here: {done.stderr.strip()}")
    return strace


def _plan(strace: str, directory: Path) -> list[Step]:
    """Return the steps of a start in order, from the lock to the first call after the ready line."""
    trace = directory.parent / "trace"
    server = Server(directory, command=[strace, *_options(trace), *MANAGE]).ready()
    with _traced(server):
        poll(lambda: len(children(server.info["pid"])) == 2)  # calls after the ready line
    lines = [line.split(maxsplit=1) for line in trace.read_text().splitlines()]
    counts: Counter[str] = Counter()
    steps = []
    for pid, text in lines:
        call = re.match(r"(\w+)\(", text)
        if pid == lines[0][0] and call:
            counts[call[1]] += 1
            steps.append(Step(call[1], counts[call[1]], re.sub(r"\s+=", " =", text)))
    lock, ready = _after(steps, NAMED["lock"]), _after(steps, READY)
    return steps[lock : ready + 2]


def _options(trace: Path) -> list[str]:
    return ["-f", "-qq", "-o", str(trace), "-e", "signal=none", "-e", f"trace={CALLS}"]


def _after(steps: list[Step], pattern: str) -> int:
    found = [number for number, step in enumerate(steps) if re.match(pattern, step.text)]
    assert found, f"no step matches {pattern}"
    return found[0] + 1


def _pick(plan: list[Step], number: int, count: int) -> Step:
    """Return the step to kill at: first the named ones, then all in turn, counting a run of equal calls once."""
    if number < 2 * len(NAMED):
        name, pattern = list(NAMED.items())[number % len(NAMED)]
        return plan[0] if name == "lock" else plan[_after(plan, pattern)]
    single = [step for before, step in zip([None, *plan], plan, strict=False) if not before or before.call != step.call]
    return single[number * len(single) // count]


def _kill(strace: str, directory: Path, step: Step) -> None:
    trace = directory.parent / "trace"
    inject = ["-e", f"inject={step.call}:signal=KILL:when={step.number}"]
    server = Server(directory, command=[strace, *_options(trace), *inject, *MANAGE])
    with _traced(server):
        poll(lambda: server.process.poll() is not None, what="the kill")
        assert server.process.returncode == -signal.SIGKILL, f"not killed: {server.end()}"


@contextmanager
def _traced(server: Server) -> Iterator[None]:
    """Kill the master if it still runs: killing strace would leave it behind."""
    with ended(server):
        try:
            yield
        finally:
            for pid in children(server.pid):
                os.kill(pid, signal.SIGKILL)
            poll(lambda: server.process.poll() is not None)

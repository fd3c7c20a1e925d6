"""The processes above this one, from /proc: which of them is the agent program that runs the command."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from projects.client.agent_programs import Program

MAX_DEPTH = 32
MAX_STAT = 4096  # bytes
# What runs programs that are scripts: the program is the name of the script then.
INTERPRETERS = ("node", "bun", "deno", "MainThread")


def process_of(program: Program) -> str:
    """Return "PID.START" of the nearest ancestor that is the program, or "" if there is none that /proc shows."""
    for pid, name, started in _ancestors():
        if _is(program, pid, name):
            return f"{pid}.{started}"
    return ""


def nearest(programs: Sequence[Program]) -> Program | None:
    """Return the program that is the nearest ancestor."""
    for pid, name, _ in _ancestors():
        for program in programs:
            if _is(program, pid, name):
                return program
    return None


def _is(program: Program, pid: int, name: str) -> bool:
    if name in program.executables:
        return True
    if name not in INTERPRETERS:
        return False
    script = _read(f"/proc/{pid}/cmdline").split(b"\0")[1:2]
    file = os.fsdecode(script[0]).rpartition("/")[2] if script else ""
    return file.partition(".")[0] in program.executables


def _ancestors() -> Iterator[tuple[int, str, str]]:
    """Yield (PID, name, start time in clock ticks), the parent first."""
    pid = os.getppid()
    for _ in range(MAX_DEPTH):
        if pid <= 1:
            return
        # The name may contain spaces and parentheses: proc_pid_stat(5).
        head, closing, rest = os.fsdecode(_read(f"/proc/{pid}/stat")).rpartition(")")
        fields = rest.split()
        if not closing or len(fields) < 20:
            return
        yield pid, head.partition("(")[2], fields[19]
        pid = int(fields[1])


def _read(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(descriptor, MAX_STAT)
    except OSError:
        return b""
    finally:
        os.close(descriptor)

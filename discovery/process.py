"""Identify the process that wrote a file: process IDs are reused, and machines restart.

Standard library only; without /proc, psutil is used if it is installed.
"""

from __future__ import annotations

import os

PROC = "/proc"


def reset_signals() -> None:
    """Reset what a program may inherit from its launcher: blocked signals and an ignored SIGCHLD.

    With SIGTERM blocked, a server can't be stopped; with SIGCHLD ignored, the exit status of children is lost.
    """
    import signal

    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def boot_id() -> str | None:
    """Return an identifier of the current boot of this machine; None if the system has none."""
    return _read(f"{PROC}/sys/kernel/random/boot_id") or None


def namespace(kind: str = "pid", pid: int | str = "self") -> str | None:
    """Return an identifier of the "pid" or "net" namespace of a process (containers have their own), or None."""
    try:
        return os.readlink(f"{PROC}/{pid}/ns/{kind}")
    except OSError:
        return None


def start_time(pid: int) -> str | None:
    """Return the start time of process `pid` as text to compare; None if it does not run or the time is unknown.

    These are clock ticks since boot, from proc(5): setting the clock does not change them. A zombie does not run.
    """
    if not 0 < pid < 1 << 31:
        return None
    if os.path.isdir(f"{PROC}/self"):
        # The command name is in parentheses and may itself contain parentheses and spaces.
        fields = _read(f"{PROC}/{pid}/stat").rpartition(")")[2].split()
        return fields[19] if len(fields) > 19 and fields[0] not in "ZX" else None
    try:
        import psutil
    except ImportError:
        return None
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.Error:
        return None


def wrote_elsewhere(root: str, path: str) -> bool:
    """Return True if the file at `path` is a copy: the process that serves `root` wrote another file.

    Compares directories by identity, because mounts and links have other names. Returns False if `root` does not
    exist: it was moved, or it is a path in another container.
    """
    directory = os.path.dirname(os.path.abspath(path))
    try:
        original = os.stat(os.path.join(root, os.path.basename(directory)))
        return not os.path.samestat(original, os.stat(directory))
    except (OSError, ValueError):  # ValueError: a zero byte
        return False


def _read(path: str) -> str:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(fd, 4096).decode("utf-8", "replace").strip()
    except OSError:  # the process ended between opening and reading
        return ""
    finally:
        os.close(fd)

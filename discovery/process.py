"""Tell whether a process is the one that wrote a file: process ids are reused, machines restart.

Standard library only; where there is no /proc, psutil is used if it is installed.
"""

from __future__ import annotations

import os

PROC = "/proc"


def reset_signals() -> None:
    """Undo what a launcher may leave to the programs it starts: blocked signals and an ignored SIGCHLD.

    A server with SIGTERM blocked can't be stopped; with SIGCHLD ignored the exit status of children is lost.
    """
    import signal

    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def boot_id() -> str | None:
    """Return what names this boot of this machine, or None where the system has no such thing."""
    return _read(f"{PROC}/sys/kernel/random/boot_id") or None


def namespace(kind: str = "pid", pid: int | str = "self") -> str | None:
    """Return what names the "pid" or "net" namespace of a process (containers have their own), or None."""
    try:
        return os.readlink(f"{PROC}/{pid}/ns/{kind}")
    except OSError:
        return None


def start_time(pid: int) -> str | None:
    """Return when process `pid` started, as text to compare; None where there is no such process, or no way to know.

    Clock ticks since the boot from proc(5), for they don't move when the clock is set. A zombie is gone.
    """
    if not 0 < pid < 1 << 31:
        return None
    if os.path.isdir(f"{PROC}/self"):
        # The command name stands in parentheses and may hold parentheses and spaces itself.
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
    """Return True if the process that serves `root` wrote another file than the one at `path`, a copy of it.

    Compares directories by identity, for a mount or a link has another name. False where `root` leads nowhere:
    it was moved, or its name is one of another container.
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

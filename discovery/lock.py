"""The lock that a server holds for its whole life: `flock` on a file beside the port file.

The kernel drops it with its last holder, however that one ends, so it says more surely than any
process id whether a server lives. Forked workers share it. Standard library only.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

HELD, FREE, UNKNOWN = "held", "free", "unknown"
RETRY_INTERVAL = 0.01  # seconds
MAX_NOTE = 1024  # bytes


class LockTaken(Exception):
    """Another process holds the lock."""


class Lock:
    """A held lock. `fileno` is inherited by forks, never by programs that are started.

    `last_note` is what the holder before us noted.
    """

    def __init__(self, path: str, fileno: int) -> None:
        self.path = path
        self.fileno = fileno
        self.last_note = _read_note(fileno)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def is_current(self) -> bool:
        """Tell whether the path still leads to the file that we hold (`git clean` deletes held files)."""
        return _same_file(self.path, self.fileno)

    def successor_note(self) -> str:
        """Return what the holder of the file that is now at the path has noted, "" where nobody holds one."""
        return examine(self.path)[1]

    def note(self, text: str) -> None:
        """Write who holds it into the file; `examine` reads it. Raises OSError."""
        os.ftruncate(self.fileno, 0)
        os.pwrite(self.fileno, text.encode(), 0)

    def release(self) -> None:
        """Let go of the lock in this process; the file stays, for a deleted one would be locked twice."""
        os.close(self.fileno)


def hold(path: str, *, wait: float = 0.0) -> Lock:
    """Take the lock at `path`, making the file (mode 0600) where it is missing.

    Tries for `wait` seconds, since a reader's probe holds it for a moment. Raises LockTaken when
    another process keeps it, OSError when the file can't be made.
    """
    deadline = time.monotonic() + wait
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        fileno = os.open(path, flags, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(fileno).st_mode):
                raise OSError(errno.EINVAL, "not a regular file", path)
            fcntl.flock(fileno, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _same_file(path, fileno):
                return Lock(path, fileno)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(fileno)
                raise LockTaken(path) from None
        except BaseException:
            os.close(fileno)
            raise
        os.close(fileno)
        time.sleep(RETRY_INTERVAL)


def adopt(path: str, fileno: int) -> Lock | None:
    """Return the lock that a program of this process held, None if it is not that of `path` any more."""
    try:
        os.set_inheritable(fileno, False)
        fcntl.flock(fileno, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _same_file(path, fileno):
            return Lock(path, fileno)
    except OSError:
        pass
    os.close(fileno)
    return None


def probe(path: str) -> str:
    """Return HELD or FREE, or UNKNOWN where the lock can't tell (no file, no such locks here)."""
    return examine(path)[0]


def examine(path: str) -> tuple[str, str]:
    """Return what `probe` returns, and what the holder of a held lock noted in it ("" for nothing)."""
    try:
        fileno = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return UNKNOWN, ""
    try:
        if not stat.S_ISREG(os.fstat(fileno).st_mode):
            return UNKNOWN, ""
        fcntl.flock(fileno, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return FREE, ""
    except BlockingIOError:
        return HELD, _read_note(fileno)
    except OSError:
        return UNKNOWN, ""
    finally:
        os.close(fileno)


def _read_note(fileno: int) -> str:
    return os.pread(fileno, MAX_NOTE, 0).decode("utf-8", "replace")


def _same_file(path: str, fileno: int) -> bool:
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(fileno))
    except OSError:
        return False

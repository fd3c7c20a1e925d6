"""The lock that a server holds as long as it runs: `flock` on a file next to the port file.

The kernel releases it when its last holder exits, for whatever reason, so it shows more reliably than a process ID
whether a server runs. Forked workers share it. Standard library only.
"""

from __future__ import annotations

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
    """A held lock. Forks inherit `fileno`, executed programs do not.

    `last_note` is the note of the previous holder.
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
        """Return True if the path still leads to the file that we hold (`git clean` deletes held files)."""
        return _same_file(self.path, self.fileno)

    def successor_note(self) -> str:
        """Return the note of the holder of the file that is now at the path; "" if it is not held."""
        return examine(self.path)[1]

    def note(self, text: str) -> None:
        """Write a note about the holder into the file; `examine` reads it. Raises OSError."""
        os.ftruncate(self.fileno, 0)
        os.pwrite(self.fileno, text.encode(), 0)

    def release(self) -> None:
        """Release the lock in this process. The file stays: if it were deleted, two processes could hold a lock."""
        os.close(self.fileno)


def hold(path: str, *, wait: float = 0.0) -> Lock:
    """Take the lock at `path`; create the file (mode 0600) if it is missing.

    Tries for `wait` seconds, because a reader's probe holds the lock briefly. Raises LockTaken if another process
    holds it, OSError if the file can't be created.
    """
    deadline = time.monotonic() + wait
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        fileno = os.open(path, flags, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(fileno).st_mode):
                import errno  # late: few calls of a client need it

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
    """Return the lock that this process held before an exec; None if it is no longer that of `path`."""
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
    """Return HELD or FREE, or UNKNOWN if there is no lock file or the file system has no locks."""
    return examine(path)[0]


def examine(path: str) -> tuple[str, str]:
    """Return the result of `probe`, and the note of the holder ("" without one)."""
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

"""The queue of the writers: one write transaction at a time, over the threads of all processes.

SQLite's own busy handler polls and is unfair: with 8 clients its slowest writers wait ten times longer.
The queue only orders; what keeps two writers apart is still SQLite's lock.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections import deque

LOCK_NAME = "write.lock"
POLL = 0.001  # seconds; the other processes are few, and a commit takes longer


class Turnstile:
    """A lock whose waiters get it in the order in which they came; `threading.Lock` promises no order."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._taken = False
        self._waiters: deque[threading.Lock] = deque()

    def acquire(self, timeout: float) -> bool:
        """Wait for the turn, at most `timeout` seconds; return whether it came."""
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiters.append(turn)
        if turn.acquire(timeout=timeout):
            return True
        with self._guard:
            if turn not in self._waiters:
                return True  # it came while we gave up
            self._waiters.remove(turn)
            return False

    def release(self) -> None:
        """Hand the turn to who has waited longest."""
        with self._guard:
            if self._waiters:
                self._waiters.popleft().release()
            else:
                self._taken = False


class WriteQueue:
    """The queue of one database file; a process has one object for it (`queue_for`)."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._start_over()

    def _start_over(self) -> None:
        self._threads = Turnstile()
        self._fileno: int | None = None
        self._holder: object = None

    def acquire(self, holder: object, timeout: float) -> bool:
        """Wait for `holder`'s turn, at most `timeout` seconds; return whether it came."""
        deadline = time.monotonic() + timeout
        if not self._threads.acquire(timeout):
            return False
        try:
            self._fileno = self._open()
            if self._fileno is not None and not self._lock(self._fileno, deadline):
                self._leave()
                return False
        except BaseException:
            self._leave()
            raise
        self._holder = holder
        return True

    def release(self, holder: object) -> None:
        """End `holder`'s turn; nothing happens where it has none, as in a forked child."""
        if self._holder is holder and holder is not None:
            self._leave()

    def forget(self) -> None:
        """Begin anew in a forked child: the turn that it inherited is the parent's."""
        if self._fileno is not None:
            os.close(self._fileno)
        self._start_over()

    def _leave(self) -> None:
        fileno, self._fileno, self._holder = self._fileno, None, None
        if fileno is not None:
            # Unlocked before it is closed: a child that is being forked may hold a copy for a moment.
            fcntl.flock(fileno, fcntl.LOCK_UN)
            os.close(fileno)
        self._threads.release()

    def _open(self) -> int | None:
        # Opened for each turn, so that a deleted file (`git clean -fdX`) is made anew by the next writer.
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError:
            return None  # read-only or full: SQLite will say so itself, or does without the queue

    @staticmethod
    def _lock(fileno: int, deadline: float) -> bool:
        while True:
            try:
                fcntl.flock(fileno, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    return False
                time.sleep(POLL)
            else:
                return True


_queues: dict[str, WriteQueue] = {}
_queues_lock = threading.Lock()


def queue_for(database: str) -> WriteQueue:
    """Return the queue of the writers of the file `database`."""
    path = os.path.join(os.path.dirname(os.path.abspath(database)), LOCK_NAME)
    with _queues_lock:
        return _queues.setdefault(path, WriteQueue(path))


def _after_fork_in_child() -> None:
    global _queues_lock
    _queues_lock = threading.Lock()
    for queue in _queues.values():
        queue.forget()


os.register_at_fork(after_in_child=_after_fork_in_child)

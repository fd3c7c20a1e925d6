"""The write queue: one write transaction at a time, across the threads of all processes.

SQLite's own busy handler polls and is unfair: with 8 clients its slowest writers wait ten times longer.
The queue only orders the writers; mutual exclusion is still SQLite's lock.

A process with back-to-back writers would never leave a gap in which the poll of another process finds the lock free.
A second lock, on the directory, therefore admits one waiter at a time to the main lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from collections import deque

LOCK_NAME = "write.lock"
POLL = 0.0005  # seconds; only one thread per process polls, and a commit takes longer


class Turnstile:
    """A first-in-first-out lock; `threading.Lock` guarantees no order."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._taken = False
        self._waiters: deque[threading.Lock] = deque()

    def acquire(self, timeout: float) -> bool:
        """Acquire the lock within `timeout` seconds; return True on success."""
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
                return True  # granted just as we timed out
            self._waiters.remove(turn)
            return False

    def release(self) -> None:
        """Pass the lock to the longest waiter."""
        with self._guard:
            if self._waiters:
                self._waiters.popleft().release()
            else:
                self._taken = False


class WriteQueue:
    """The queue of one database file; use `queue_for` to get the only instance in this process."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._reset()

    def _reset(self) -> None:
        self._threads = Turnstile()
        self._directory: int | None = None
        self._file: int | None = None
        self._holder: object = None
        self._former = (0, 0.0)  # the ID of the last holder, which is not kept alive, and when its turn ended

    def acquire(self, holder: object, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the turn of `holder`; return True on success."""
        deadline = time.monotonic() + timeout
        if not self._threads.acquire(timeout):
            return False
        acquired = False
        try:
            acquired = self._lock_files(deadline)
        finally:
            _unlock(self._directory)
            self._directory = None
            if not acquired:
                self._leave()
        if acquired:
            self._holder = holder
        return acquired

    def _lock_files(self, deadline: float) -> bool:
        """Lock the directory, then the file. The caller unlocks the directory."""
        self._directory = _open(os.path.dirname(self._path), os.O_RDONLY | os.O_DIRECTORY)
        # Open the files for each turn, so that the next writer recreates a deleted lock file (`git clean -fdX`).
        if self._directory is not None and not _lock(self._directory, deadline):
            return False
        self._file = _open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
        return self._file is None or _lock(self._file, deadline)

    def release(self, holder: object) -> None:
        """End the turn of `holder`; do nothing if it has none, as in a forked child."""
        if self._holder is holder and holder is not None:
            self._leave()

    def is_taken(self, besides: object) -> bool:
        """Return True while a thread of this process other than the holder `besides` has its turn; takes no lock."""
        holder = self._holder
        return holder is not None and holder is not besides

    def is_taken_by(self, holder: object) -> bool:
        """Return True while `holder` has its turn; takes no lock."""
        return self._holder is holder

    def was_taken(self, besides: object, since: float) -> bool:
        """Return True if this process had a turn since then (monotonic), and the last one was not that of `besides`."""
        former, ended = self._former
        return ended > since and former != id(besides)

    def forget(self) -> None:
        """Reset the queue in a forked child: an inherited turn belongs to the parent."""
        for fileno in (self._directory, self._file):
            if fileno is not None:
                os.close(fileno)
        self._reset()

    def _leave(self) -> None:
        fileno, self._file = self._file, None
        self._former, self._holder = (id(self._holder), time.monotonic()), None
        _unlock(fileno)
        self._threads.release()


def _open(path: str, flags: int) -> int | None:
    try:
        return os.open(path, flags | os.O_CLOEXEC, 0o600)
    except OSError:
        return None  # read-only or full: SQLite reports the error, or works without the queue


def _lock(fileno: int, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(fileno, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL)
        except OSError:
            return True  # the file system does not support flock: rely on SQLite's own lock
        else:
            return True


def _unlock(fileno: int | None) -> None:
    """Unlock explicitly before closing: a child that is being forked may briefly hold a copy of the descriptor."""
    if fileno is not None:
        with contextlib.suppress(OSError):
            fcntl.flock(fileno, fcntl.LOCK_UN)
        os.close(fileno)


_queues: dict[str, WriteQueue] = {}
_known: dict[str | os.PathLike[str], WriteQueue] = {}  # by names of the database
_queues_lock = threading.Lock()


def queue_for(database: str) -> WriteQueue:
    """Return the write queue of the file `database`."""
    queue = _known.get(database)
    if queue is None:
        path = os.path.join(os.path.dirname(os.path.abspath(database)), LOCK_NAME)
        with _queues_lock:
            queue = _known[database] = _queues.setdefault(path, WriteQueue(path))
    return queue


def _after_fork_in_child() -> None:
    global _queues_lock
    _queues_lock = threading.Lock()
    for queue in _queues.values():
        queue.forget()


os.register_at_fork(after_in_child=_after_fork_in_child)

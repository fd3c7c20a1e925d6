"""Decide which requests get a thread, so that one always remains for those that only read.

A request that writes may wait long for a lock of the database, and one with a long body for its client. There may be
so many of them in a worker that they would take all threads; the rest waits in a queue, without a thread. A writer that
has waited there too long is late: it gets one of the other threads, and the host answers it at once (see `is_late`).
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterable, Iterator
from contextvars import ContextVar

from discovery.connection import Connection

_late: ContextVar[bool] = ContextVar("late", default=False)


def is_late() -> bool:
    """Return True if this request waited too long for others that write, so the host should answer 503."""
    return _late.get()


@contextlib.contextmanager
def marked(conn: Connection) -> Iterator[None]:
    """Let the host know whether the request is late."""
    token = _late.set(conn.is_late)
    try:
        yield
    finally:
        _late.reset(token)


class Admission:
    """The requests of a worker that may keep a thread for long; `most` of them may have one at once.

    Of these, one less may have a long body: uploads must not keep writers waiting. A writer waits for a thread at most
    `patience` seconds.
    """

    def __init__(self, most: int, patience: float) -> None:
        self._patience = patience
        self._most = max(1, most)
        self._most_slow = max(1, most - 1)
        self._served: set[Connection] = set()
        self._slow: deque[Connection] = deque()
        self._writers: deque[Connection] = deque()

    def __len__(self) -> int:
        """Return the number of requests that wait."""
        return len(self._slow) + len(self._writers)

    def admit(self, conn: Connection, now: float) -> bool:
        """Return True if a request may have a thread now; else it waits."""
        if not (conn.is_slow or conn.is_writing):
            return True
        conn.queued_at = now
        queue = self._slow if conn.is_slow else self._writers
        if queue or not self._has_room(conn):
            queue.append(conn)
            return False
        self._served.add(conn)
        return True

    def leave(self, conn: Connection) -> Iterable[Connection]:
        """Note that a request is finished; yield those that may have a thread now, the longest waiter first."""
        if conn not in self._served:
            return
        self._served.remove(conn)
        while heads := [queue for queue in (self._slow, self._writers) if queue and self._has_room(queue[0])]:
            first = min(heads, key=lambda queue: queue[0].queued_at).popleft()
            self._served.add(first)
            yield first

    def find_late(self, now: float) -> Iterable[Connection]:
        """Yield the writers that have waited too long; they wait no more."""
        while self._writers and self._writers[0].queued_at <= now - self._patience:
            late = self._writers.popleft()
            late.is_late = True
            yield late

    def _has_room(self, conn: Connection) -> bool:
        slow = sum(each.is_slow for each in self._served) if conn.is_slow else 0
        return len(self._served) < self._most and slow < self._most_slow

"""Yield to the writers of this process while a sync computes.

A writer holds the lock for which all others wait, and after each statement it needs the interpreter. A thread that
computes beside it makes each transaction longer, and so the queue of writers. Between their turns the writers compute,
too: while there are any, a sync also pauses after each short time, so that no request meets all of its work.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections

from projects.sqlite.queue import WriteQueue, queue_for

POLL = 0.0003  # seconds
LONGEST = 0.05  # seconds that one call waits: a writer that takes longer is an import
SHARE = 3.0  # a sync waits at most so many times as long as it computes
MOST = 2.0  # seconds that it waits in all: among writers that never stop, it would fall behind what they write
QUANTUM = 0.002  # seconds that a sync computes without a pause
PAUSE = 1.5  # it then pauses so many times as long
RECENT = 0.02  # seconds for which a thread that has written is taken for one that goes on
SWITCH = 0.0002  # seconds that a thread of this process computes before others may

_local = threading.local()


class _Courtesy:
    """How long the sync of this thread has computed, and waited for writers."""

    def __init__(self) -> None:
        self._connection = connections[DEFAULT_DB_ALIAS]
        self._queue: WriteQueue = queue_for(self._connection.settings_dict["NAME"])
        self._begun = time.monotonic()
        self._waited = 0.0
        self._resumed = self._begun

    def give_way(self) -> None:
        if self._waited >= MOST or self._queue.is_taken_by(self._connection):
            return
        now = time.monotonic()
        computed = now - self._resumed
        if computed >= QUANTUM and self._queue.was_taken(besides=self._connection, since=now - RECENT):
            time.sleep(PAUSE * min(computed, LONGEST))
            self._resumed = time.monotonic()
            self._waited += self._resumed - now
        if not self._queue.is_taken(besides=self._connection):
            return
        begin = now = time.monotonic()
        allowed = min(LONGEST, SHARE * (begin - self._begun - self._waited) - self._waited)
        while now - begin < allowed and self._queue.is_taken(besides=self._connection):
            time.sleep(POLL)
            now = time.monotonic()
        self._waited += now - begin
        self._resumed = now


class _QuickSwitching:
    """Shortens the interpreter's switch interval, which the threads of a process share, while any sync runs.

    After each statement a writer needs the GIL, and all other writers wait for that writer.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._syncs = 0
        self._usual = 0.0

    def begin(self) -> None:
        with self._lock:
            if not self._syncs:
                self._usual = sys.getswitchinterval()
                sys.setswitchinterval(SWITCH)
            self._syncs += 1

    def end(self) -> None:
        with self._lock:
            self._syncs -= 1
            if not self._syncs:
                sys.setswitchinterval(self._usual)


_switching = _QuickSwitching()


@contextmanager
def courteous() -> Iterator[None]:
    """Let `give_way` wait in this thread meanwhile."""
    _local.courtesy = _Courtesy()
    _switching.begin()
    try:
        yield
    finally:
        _switching.end()
        _local.courtesy = None


def give_way() -> None:
    """Wait for a moment while other threads of this process write.

    For loops of a sync, once for each group; does nothing elsewhere, or while the caller itself writes.
    """
    courtesy: _Courtesy | None = getattr(_local, "courtesy", None)
    if courtesy is not None:
        courtesy.give_way()

"""Ask once, not once per request, whether a server that is away is back.

A server that recovers from a crash starts a process for each connection only to refuse it, and one behind a cut cable
lets each attempt wait for its timeout. So one thread of a worker asks at a time; the others get the last refusal.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg

T = TypeVar("T")
PAUSE = 0.2  # seconds between two attempts of a worker


class Gate:
    """What the threads of a process know about one server."""

    def __init__(self, pause: float = PAUSE) -> None:
        self._pause = pause
        self._asking = threading.Lock()
        self._refusal: str | None = None  # None: it took the last connection
        self._next = 0.0

    def connect(self, make: Callable[[], T]) -> T:
        """Return a new connection. Raises psycopg.OperationalError, without an attempt if another one just failed."""
        refusal = self._refusal
        if refusal is None:
            return self._attempt(make)
        if time.monotonic() < self._next or not self._asking.acquire(blocking=False):
            raise psycopg.OperationalError(refusal)
        try:
            return self._attempt(make)
        finally:
            self._asking.release()

    def _attempt(self, make: Callable[[], T]) -> T:
        try:
            made = make()
        except psycopg.OperationalError as error:
            self._next = time.monotonic() + self._pause
            self._refusal = str(error)
            raise
        self._refusal = None
        return made


_gates: dict[tuple[str, ...], Gate] = {}


def gate_of(settings: dict[str, Any]) -> Gate:  # Any: as in Django's settings
    """Return the gate to a database."""
    place = tuple(str(settings.get(name)) for name in ("HOST", "PORT", "USER", "NAME"))
    return _gates.setdefault(place, Gate())

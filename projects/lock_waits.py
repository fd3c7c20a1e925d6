"""Limit how long a request that only reads waits for the board's lock, when it also writes its session or a count.

A thread that waits for the lock serves no other request. After one wait has timed out, the process does not wait at
all for some seconds, because the current writer probably takes long.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from contextvars import ContextVar

SHORT_WAIT = 2.0  # seconds; with 64 clients that write, the slowest ones wait for 0.6
PAUSE = 10.0  # seconds without waiting after a timeout
NO_WAIT = 0.001  # seconds; PostgreSQL takes 0 for no limit

_is_short: ContextVar[bool] = ContextVar("is_short", default=False)
_paused_until = 0.0  # monotonic


@contextlib.contextmanager
def short_waits() -> Iterator[None]:
    """Let transactions of this thread wait only shortly for the lock; after that they raise OperationalError."""
    token = _is_short.set(True)
    try:
        yield
    finally:
        _is_short.reset(token)


def limit() -> float | None:
    """Return the seconds that a transaction may wait for the lock; None for the usual time."""
    if not _is_short.get():
        return None
    return NO_WAIT if timed_out_recently() else SHORT_WAIT


def timed_out_recently() -> bool:
    """Return True if a short wait has timed out in the last seconds."""
    return time.monotonic() < _paused_until


def note_timeout() -> None:
    """Note that a short wait has timed out."""
    global _paused_until
    _paused_until = time.monotonic() + PAUSE


def log_skipped(logger: logging.Logger, message: str, error: Exception) -> None:
    """Log why something was not written: as a warning, but only for debugging when many requests would repeat it."""
    logger.log(logging.DEBUG if timed_out_recently() else logging.WARNING, message, error)

"""Let a request that only reads wait but a moment where it writes something, too: its session, or a count of calls.

A thread that waits for the board's writers answers nobody, and there are few. Where one waited in vain, others of this
process try only once for some seconds, as the writer before them is a long one.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from contextvars import ContextVar

PATIENCE = 2.0  # seconds; with 64 clients that write, the slowest ones wait for 0.6
REST = 10.0  # seconds without waiting after one waited in vain
ONCE = 0.001  # seconds; 0 would mean for ever to PostgreSQL

_is_brief: ContextVar[bool] = ContextVar("is_brief", default=False)
_rests_until = 0.0  # monotonic


@contextlib.contextmanager
def briefly() -> Iterator[None]:
    """Have the transactions of this thread wait but a moment for others; they raise OperationalError after that."""
    token = _is_brief.set(True)
    try:
        yield
    finally:
        _is_brief.reset(token)


def patience() -> float | None:
    """Return the seconds that a transaction may wait for the writers before it; None for the usual time."""
    if not _is_brief.get():
        return None
    return ONCE if is_resting() else PATIENCE


def is_resting() -> bool:
    """Return True if one waited in vain lately."""
    return time.monotonic() < _rests_until


def log_left_out(logger: logging.Logger, message: str, error: Exception) -> None:
    """Log why something was not written; while others write for long, only for who debugs, as each request has one."""
    logger.log(logging.DEBUG if is_resting() else logging.WARNING, message, error)


def rest() -> None:
    """Note that one waited in vain."""
    global _rests_until
    _rests_until = time.monotonic() + REST

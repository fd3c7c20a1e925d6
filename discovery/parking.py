"""Requests that wait for news occupy a socket, not a thread.

A client that has seen the news up to a number sends `X-Wait: NUMBER; SECONDS`. The worker holds the request until the
host reports a higher number or the time is over; then it answers as if the request had just come. Where the host
reports nothing, no request is held. The numbers only grow, in the same way in all processes and on all nodes.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

LONGEST = 25  # seconds: shorter than the timeouts of proxies
_HEADER = re.compile(rb"\r\nx-wait[ \t]*:[ \t]*(\d{1,18});[ \t]*(\d{1,2})[ \t]*\r\n", re.IGNORECASE)


class Parking:
    """What the worker and the host's thread share; `current` is that of this process."""

    def __init__(self) -> None:
        self._newest: int | None = None
        self._wake: Callable[[], None] | None = None
        self._lock = threading.Lock()

    def holds(self, number: int) -> bool:
        """Return True if a client that has seen `number` has seen everything."""
        newest = self._newest
        return newest is not None and newest <= number

    def on_news(self, wake: Callable[[], None]) -> None:
        """Let `wake` be called, in the host's thread, when some requests need not wait any longer."""
        with self._lock:
            self._wake = wake

    def report(self, newest: int | None) -> None:
        """Report the number of the newest news; None if the host can't tell at the moment."""
        with self._lock:
            if newest == self._newest:
                return
            self._newest = newest
            wake = self._wake
        if wake is not None:
            wake()


current = Parking()


def wish(head: bytes | bytearray) -> tuple[int, int] | None:
    """Return the number that a client has seen and the seconds that it waits; None if it doesn't."""
    found = _HEADER.search(head)
    return (int(found[1]), min(seconds, LONGEST)) if found and (seconds := int(found[2])) else None

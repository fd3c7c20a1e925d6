"""Requests that wait for news occupy a socket, not a thread.

A client that has seen the news up to a number sends `X-Wait: NUMBER; SECONDS`. The worker holds the request until the
host reports a higher number or the time is up; then it handles the request as if it had just arrived. If the host
reports nothing, no request is held. Numbers only grow, and are the same in all processes and on all nodes.
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
        """Call `wake`, in the host's thread, whenever held requests may be answered."""
        with self._lock:
            self._wake = wake

    def report(self, newest: int | None) -> None:
        """Set the number of the latest news; None while the host does not know it."""
        with self._lock:
            if newest == self._newest:
                return
            self._newest = newest
            wake = self._wake
        if wake is not None:
            wake()


current = Parking()


def requested_wait(head: bytes | bytearray) -> tuple[int, int] | None:
    """Return the number that the client has seen and the seconds it will wait; None if it asks for no wait."""
    found = _HEADER.search(head)
    return (int(found[1]), min(seconds, LONGEST)) if found and (seconds := int(found[2])) else None

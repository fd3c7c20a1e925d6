"""Find clients that do not take their responses while others wait for a thread.

A thread sends a response until the client has taken it, so a few clients that read nothing could occupy all threads.
"""

from __future__ import annotations

import select
import socket
import struct
import sys
from collections.abc import Iterable
from typing import NamedTuple

from discovery.connection import Connection

WINDOW = 2.0  # seconds
LEAST = 64 * 1024  # bytes that a client must take in each window
_ACKNOWLEDGED = struct.Struct("=120xQ")  # tcpi_bytes_acked in struct tcp_info of Linux


class _Progress(NamedTuple):
    since: float  # monotonic
    taken: int  # bytes


class SlowReaders:
    """The progress of clients whose buffers are full."""

    def __init__(self) -> None:
        self._progress: dict[Connection, _Progress] = {}

    def find(self, served: Iterable[Connection], now: float) -> list[Connection]:
        """Return the connections whose buffers are full, and whose clients took less than LEAST in a WINDOW.

        Only Linux says how much a client took; elsewhere the list is empty.
        """
        if sys.platform != "linux":
            return []
        full = _full(served)
        self._progress = {conn: each for conn, each in self._progress.items() if conn in full}
        found = []
        for conn in full:
            taken = _taken(conn.sock)
            before = self._progress.setdefault(conn, _Progress(now, taken))
            if now - before.since < WINDOW:
                continue
            if taken - before.taken < LEAST:
                found.append(conn)
            self._progress[conn] = _Progress(now, taken)
        return found


def _full(served: Iterable[Connection]) -> set[Connection]:
    """Return the connections that take no bytes now; one whose request is still worked on takes some."""
    poll, by_number = select.poll(), {}
    for conn in served:
        number = conn.sock.fileno()
        if number >= 0:  # else its thread has just closed it
            by_number[number] = conn
            poll.register(number, select.POLLOUT)
    for number, _ in poll.poll(0):
        by_number.pop(number, None)
    return set(by_number.values())


def _taken(client: socket.socket) -> int:
    """Return how many bytes the client's system has received; 0 if it has gone."""
    try:
        information = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _ACKNOWLEDGED.size)
        return int(_ACKNOWLEDGED.unpack(information)[0])
    except (OSError, struct.error):
        return 0

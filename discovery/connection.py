"""A client's connection, whose request must be read in time."""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from typing import Any

from gunicorn.workers.gthread import TConn


class DeadlineSocket:
    """The reading end that a parser gets: every read together must be done by `deadline` (monotonic)."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self.sock = sock
        self.deadline = deadline

    def recv(self, size: int) -> bytes:
        remaining = self.deadline - time.monotonic()
        try:
            if remaining <= 0:
                raise TimeoutError
            self.sock.settimeout(remaining)
            return self.sock.recv(size)
        except TimeoutError:
            # What gunicorn drops without a word: the client gets no answer, for it sent no request.
            raise ConnectionResetError(errno.ECONNRESET, "the request was not sent in time") from None
        finally:
            with contextlib.suppress(OSError):
                self.sock.settimeout(None)


class Connection(TConn):  # type: ignore[misc]  # gunicorn has no types
    """A connection with what was read of its next head."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.head = b""
        self.reader = DeadlineSocket(self.sock, 0.0)
        self.data_ready = True  # what gets a thread has a head

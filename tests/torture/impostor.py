"""A foreign program that listens on a loopback port, for the scenarios."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Impostor:
    """Listens where a dead server did; `heard` is what it received."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.heard = b""
        self.calls = 0

    def listen(self) -> None:
        """Accept connections until it is closed."""
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.calls += 1
                with connection:
                    connection.settimeout(0.5)
                    self.heard += connection.recv(65536)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@contextmanager
def impostor() -> Iterator[Impostor]:
    """Listen on a free port, answering nothing."""
    stranger = Impostor()
    thread = threading.Thread(target=stranger.listen, daemon=True)
    thread.start()
    try:
        yield stranger
    finally:
        stranger.close()
        thread.join(5)

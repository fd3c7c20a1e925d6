"""A relay between an application and PostgreSQL, which can be cut as a cable or a server can."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit


class Relay:
    """Passes connections on to the server of `url`. While it is cut, it ends the old ones and refuses new ones."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (str(parts.hostname), int(parts.port or 0))
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listener.getsockname()[1])
        self.url = url.replace(f":{parts.port}/", f":{self.port}/")
        self._lock = threading.Lock()
        self.is_cut = False
        self.last_words: bytes | None = None  # passed on, but the connection is cut before the answer
        self.refused = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End all connections."""
        with self._lock:
            self.is_cut = True
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def mend(self) -> None:
        """Take connections again."""
        self.is_cut = False

    def close(self) -> None:
        self.cut()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                with self._lock:
                    if self.is_cut:
                        self.refused += 1
                        near.close()
                        far.close()
                        continue
                    self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if self.is_cut:
                    break
                if self.last_words is None or self.last_words not in data:
                    sink.sendall(data)
                    continue
                self.is_cut = True
                sink.sendall(data)
                self.cut()
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)  # which ends the thread of the other direction, too
        source.close()

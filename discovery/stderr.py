"""Standard error that nobody reads must not hold up the server."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import socket
import stat
import sys
from collections.abc import Callable


class _Lossy(io.TextIOBase):
    """A text stream that loses what its reader doesn't take at once."""

    encoding = "utf-8"

    def __init__(self, number: int, send: Callable[[bytes], int]) -> None:
        self._number, self._send = number, send

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._number

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._send(text.encode("utf-8", "backslashreplace"))
        return len(text)


def unblock() -> None:
    """Let a line be lost where standard error is a full pipe or socket, rather than wait for its reader for ever.

    Its other holders go on waiting: a socket is told with each message, a pipe is opened once more (Linux, by /proc).
    """
    old = sys.stderr
    with contextlib.suppress(OSError, ValueError, AttributeError):
        number = old.fileno()
        mode = os.fstat(number).st_mode
        if stat.S_ISFIFO(mode):
            own = os.open(f"/proc/self/fd/{number}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            sys.stderr = _Lossy(number, lambda data: os.write(own, data))
        elif stat.S_ISSOCK(mode):
            connection = socket.socket(fileno=os.dup(number))
            sys.stderr = _Lossy(number, lambda data: connection.send(data, socket.MSG_DONTWAIT))
    if sys.stderr is not old:
        for logger in (logging.root, *logging.root.manager.loggerDict.values()):
            for handler in getattr(logger, "handlers", ()):
                if isinstance(handler, logging.StreamHandler) and handler.stream is old:
                    handler.setStream(sys.stderr)

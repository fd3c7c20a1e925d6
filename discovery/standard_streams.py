"""Make the standard streams safe to use: replace closed ones, and never block on standard error.

Standard library only, and light: the client imports this on every call.
"""

from __future__ import annotations

import io
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO


def open_missing() -> None:
    """Open the null device in place of each standard stream that the caller closed, as in `pm <&- >&- 2>&-`.

    Call this first: otherwise the next file or socket gets the free descriptor, and output would be written to it.
    """
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    try:
        while (number := os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)) <= 2:
            os.set_inheritable(number, True)  # for child programs
        os.close(number)
        sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 -- lives as long as the process
        sys.stdout = sys.stdout or _writer(1)
        sys.stderr = sys.stderr or _writer(2)
    except OSError:  # no null device
        return


def _writer(number: int) -> TextIO:
    return open(number, "w", encoding="utf-8", errors="backslashreplace", closefd=False)


class LossyStream(io.TextIOBase):
    """A text stream that drops what its reader does not accept at once."""

    encoding = "utf-8"

    def __init__(self, number: int, send: Callable[[bytes], int]) -> None:
        self._number, self._send = number, send

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._number

    def write(self, text: str) -> int:
        try:  # noqa: SIM105 -- without the import of contextlib
            self._send(text.encode("utf-8", "backslashreplace"))
        except OSError:  # full, or closed by its reader
            pass
        return len(text)


def unblock_stderr() -> None:
    """Drop lines for a standard error that is a full pipe or socket, instead of waiting for its reader.

    Other processes that share it still block: a socket gets a flag per message, a pipe is reopened through /proc
    (Linux only).
    """
    import logging
    import socket
    import stat

    old = sys.stderr
    try:
        number = old.fileno()
        mode = os.fstat(number).st_mode
        if stat.S_ISFIFO(mode):
            own = os.open(f"/proc/self/fd/{number}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            sys.stderr = LossyStream(number, lambda data: os.write(own, data))
        elif stat.S_ISSOCK(mode):
            connection = socket.socket(fileno=os.dup(number))
            sys.stderr = LossyStream(number, lambda data: connection.send(data, socket.MSG_DONTWAIT))
    except (OSError, ValueError, AttributeError):  # a stream without a descriptor
        return
    if sys.stderr is not old:
        for logger in (logging.root, *logging.root.manager.loggerDict.values()):
            for handler in getattr(logger, "handlers", ()):
                if isinstance(handler, logging.StreamHandler) and handler.stream is old:
                    handler.setStream(sys.stderr)

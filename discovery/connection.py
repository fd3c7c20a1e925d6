"""A client's connection, whose request must arrive before a deadline."""

from __future__ import annotations

import contextlib
import errno
import re
import socket
import time
from typing import Any

from discovery import middleware, parking
from discovery.gunicorn_private import TConn

HEAD_END = b"\r\n\r\n"
# Bytes of a head. A browser sends the cookies of every program on this host, whatever its port.
MAX_GATHERED = 64 * 1024
MAX_BODY = 1024 * 1024  # bytes of a body that the event loop collects
SAFE_METHODS = frozenset(method.encode() for method in middleware.SAFE_METHODS)
# Expect: the client waits for a response before it sends the body.
_BACKGROUND = re.compile(rb"\r\nx-background[ \t]*:", re.IGNORECASE)
_BODY_HEADERS = re.compile(rb"\r\n(content-length|transfer-encoding|expect)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)


class DeadlineSocket:
    """The socket that the parser reads from; all reads must be done by `deadline` (monotonic)."""

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
            # gunicorn drops this connection without a response or a log entry: there was no request.
            raise ConnectionResetError(errno.ECONNRESET, "the request was not sent in time") from None
        finally:
            with contextlib.suppress(OSError):
                self.sock.settimeout(None)


def body_length(head: bytes | bytearray) -> int | None:
    """Return the length of the body that the head of a request declares; None if it declares none in advance."""
    length = 0
    for name, value in _BODY_HEADERS.findall(head):
        if name.lower() != b"content-length":
            return None
        length = int(value) if value.isdigit() and len(value) < 19 else 0  # the parser rejects an invalid one
    return length


class Connection(TConn):
    """A connection and the bytes of its next request, which is complete at `needed` bytes.

    `is_slow`: the body is too long for the event loop, so a thread reads the rest. `is_background`: it has the header
    X-Background, and does not keep an idle server awake. `is_writing`: its method is not a safe one. `is_late`: it has
    waited for a thread since `queued_at` (monotonic), which was too long; see `admission`. `requested_wait`: which news
    it waits for, and how many seconds. `target`: the path and query of its first line.
    """

    def __init__(self, *args: Any) -> None:  # Any: gunicorn's, passed on
        super().__init__(*args)
        self.expect_request(0.0)
        self.reader = DeadlineSocket(self.sock, 0.0)
        self.data_ready = True  # a thread only gets connections with a head

    def expect_request(self, deadline: float) -> None:
        """Start to collect a request, whose head must arrive by `deadline` (monotonic)."""
        self.received = bytearray()
        self.needed: int | None = None
        self.is_slow = self.is_background = self.is_writing = self.is_late = False
        self.queued_at = 0.0
        self.target = b""
        self.requested_wait: tuple[int, int] | None = None
        self.timeout = deadline

    def gather(self, data: bytes) -> bool:
        """Add received bytes; return True once a thread can handle the request."""
        self.received += data
        if self.needed is None:
            end = self.received.find(HEAD_END)
            if end < 0 or end > MAX_GATHERED:
                return len(self.received) > MAX_GATHERED
            self.is_background = _BACKGROUND.search(self.received, 0, end) is not None
            head = self.received[: end + 2]
            words = head.split(b" ", 2)
            self.target = bytes(words[1]) if len(words) == 3 else b""
            self.is_writing = bytes(words[0]) not in SAFE_METHODS
            self.requested_wait = parking.requested_wait(head)
            length = body_length(head)
            self.is_slow = length is None or length > MAX_BODY
            self.needed = end + len(HEAD_END) + (0 if self.is_slow else length or 0)
        return len(self.received) >= self.needed


def refuse_head(sock: socket.socket) -> None:
    """Respond 431 to a head that is too long, with a page that says how to shorten it."""
    page = f"""<!doctype html>
<html lang="en">
<title>Too many cookies</title>
<h1>Too many cookies</h1>
<p>This request has more than {MAX_GATHERED // 1024} KiB of headers. Most of them are usually cookies:
a browser sends the cookies of 127.0.0.1 to every program on this computer, whatever its port.</p>
<p>Delete the cookies of 127.0.0.1 and localhost in the settings of your browser, or use a private window.
Then load this page again.</p>
</html>
""".encode()
    head = (
        "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n"
        f"Content-Type: text/html; charset=utf-8\r\nContent-Length: {len(page)}\r\n\r\n"
    )
    with contextlib.suppress(OSError):
        sock.send(head.encode() + page)

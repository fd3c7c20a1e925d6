"""Scenario 14: silent, slow and idle connections; other clients must still be served."""

from __future__ import annotations

import os
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

from tests.processes import Server, children, poll
from tests.torture.board import besieged
from tests.torture.reporter import Result

ANSWERED_WITHIN = 2.0  # seconds, for normal requests meanwhile
DATABASE_FILES = 8 * 5  # file descriptors that the threads open once
SPARE = 300  # file descriptors of this process that are not idle connections
MAX_IDLE = 10_000
SLOW = 40  # clients of each kind; the server has 2 x 4 threads
TIMEOUT = 3  # seconds, server.request_timeout during the attack


def abused_connections(count: int) -> Result:
    """Send `count` normal requests while slow, silent and half-closed connections are open; all are answered."""
    result = Result("slow heads, slow bodies, idle connections", "a response meanwhile")
    with besieged(result, PM_SERVER_REQUEST_TIMEOUT=str(TIMEOUT)) as board:
        server = board.server
        files = _descriptors(server) + DATABASE_FILES
        holds = [slow_heads, long_heads, slow_bodies, chunked_bodies, unread_answers, idle]
        for hold in holds:
            with hold(server, count):
                for _ in range(max(1, count // len(holds))):
                    with result.attempt(), result.clock():
                        answer = server.api("GET", "projects/PONE/", timeout=30)
                        assert answer.status_code == 200, f"{hold.__name__}: {answer.status_code}"
                    if result.times[-1] > ANSWERED_WITHIN:
                        result.failures.append(f"{hold.__name__}: a response after {result.times[-1]:.1f} s")
        with result.attempt():
            poll(lambda: _descriptors(server) <= files, TIMEOUT + 5, f"at most {files} file descriptors")
    return result


@contextmanager
def slow_heads(server: Server, count: int) -> Iterator[None]:
    """Send headers that never end, one byte at a time."""
    with _dripping(server, b"GET /api/v1/projects/ HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"a"):
        yield


@contextmanager
def long_heads(server: Server, count: int) -> Iterator[None]:
    """Send headers that never end, of the maximum length, which is more than the server buffers."""
    with _many_connections(server, count * 10) as socks:
        for sock in socks:
            with suppress(ConnectionError):
                sock.sendall(b"GET / HTTP/1.1\r\nCookie: a=" + b"a" * 60_000)
        yield


@contextmanager
def slow_bodies(server: Server, count: int) -> Iterator[None]:
    """Send bodies with a large Content-Length, one byte at a time, some with the token."""
    with _dripping(server, _post(server, "Content-Length: 900000"), b" "):
        yield


@contextmanager
def chunked_bodies(server: Server, count: int) -> Iterator[None]:
    """Send chunks of one byte."""
    with _dripping(server, _post(server, "Transfer-Encoding: chunked"), b"1\r\n \r\n"):
        yield


@contextmanager
def unread_answers(server: Server, count: int) -> Iterator[None]:
    """Request large responses, and read nothing of them."""
    host = server.url.removeprefix("http://")
    request = f"GET /api/v1/schema/ HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {server.token}\r\n\r\n".encode()
    with ExitStack() as stack:
        for _ in range(3):  # fewer than a worker's threads: responses are written by threads, not by the event loop
            sock = stack.enter_context(_connect(server))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            sock.sendall(request)
        yield


@contextmanager
def idle(server: Server, count: int) -> Iterator[None]:
    """Open a hundred connections per attempt, as far as the limits allow, and send nothing."""
    with _many_connections(server, count * 100):
        yield


@contextmanager
def _many_connections(server: Server, count: int) -> Iterator[list[socket.socket]]:
    """Open `count` connections, or as many as the limits allow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, MAX_IDLE + SPARE), hard))
    try:
        with ExitStack() as stack:
            yield [stack.enter_context(_connect(server)) for _ in range(min(hard - SPARE, MAX_IDLE, count))]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def _dripping(server: Server, head: bytes, drop: bytes) -> Iterator[None]:
    """Hold SLOW connections that send `head`, then `drop` ten times a second."""
    stop = threading.Event()
    with ExitStack() as stack:
        socks = [stack.enter_context(_connect(server)) for _ in range(SLOW)]
        for sock in socks:
            sock.sendall(head)

        def drip() -> None:
            while not stop.wait(0.1):
                for sock in socks:
                    try:
                        sock.sendall(drop)
                    except OSError:
                        continue  # the server has closed it

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def _post(server: Server, framing: str) -> bytes:
    host = server.url.removeprefix("http://")
    head = f"POST /api/v1/projects/ HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {server.token}\r\n"
    return f"{head}Content-Type: application/json\r\n{framing}\r\n\r\n".encode()


def _connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0), timeout=30)


def _descriptors(server: Server) -> int:
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in (server.pid, *children(server.pid)))

"""Keep-alive clients in one thread, each sending its next request as soon as it has a response.

The clients do as little work per response as possible, because they share the processor with the server.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

DEADLINE = 30.0  # seconds without a response

Request = tuple[str, bytes]  # its name in the results, and its bytes


class Answer(NamedTuple):
    """The times of one response, in milliseconds: in the application, on the processor there, and at the client.

    Only a server that reports its times gives the first two.
    """

    name: str
    inside: float
    busy: float
    outside: float


@dataclass
class Results:
    """The results of a run."""

    seconds: float = 0.0
    answers: list[Answer] = field(default_factory=list)
    workers: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Responses per second."""
        return len(self.answers) / self.seconds

    def by_name(self) -> dict[str, list[Answer]]:
        """Return the responses by the names of their requests."""
        found: dict[str, list[Answer]] = {}
        for answer in self.answers:
            found.setdefault(answer.name, []).append(answer)
        return found


class Phases:
    """Requests of all clients of a run that are named after what happens beside them, one thing after the other.

    Each of `besides`, by name, runs in a thread until `each` requests were sent, and ends when its event is set. What
    is sent until it has ended is named "".
    """

    def __init__(self, besides: Mapping[str, Callable[[threading.Event], object]], each: int) -> None:
        self._waiting = list(besides.items())
        self._each = each
        self._left = 0
        self._name = ""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def named(self, requests: Iterator[Request]) -> Iterator[Request]:
        """Yield the requests until the last phase is over."""
        while (name := self._next()) is not None:
            yield name, next(requests)[1]

    def _next(self) -> str | None:
        if not self._left:
            self._stop.set()
            if self._thread is not None and self._thread.is_alive():
                return ""
            if not self._waiting:
                return None
            self._name, beside = self._waiting.pop(0)
            self._left, self._stop = self._each, threading.Event()
            self._thread = threading.Thread(target=beside, args=[self._stop])
            self._thread.start()
        self._left -= 1
        return self._name


class _Client:
    def __init__(self, address: tuple[str, int], requests: Iterator[Request]) -> None:
        self.requests = requests
        self.socket = socket.create_connection(address, DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self) -> bool:
        """Send the next request; return whether there is one."""
        asked = next(self.requests, None)
        if asked is None:
            return False
        self.name, message = asked
        self.buffer = b""
        self.begin = time.perf_counter()
        self.socket.sendall(message)
        return True

    def read(self) -> bytes | None:
        """Return the head of the response once all of it has arrived."""
        piece = self.socket.recv(1 << 18)
        if not piece:
            raise ConnectionError(f"{self.name}: the server closed the connection")
        self.buffer += piece
        head, blank, body = self.buffer.partition(b"\r\n\r\n")
        if not blank or len(body) < int(_value(head, b"Content-Length: ")):
            return None
        return head


def run(
    address: tuple[str, int], clients: int, requests_of: Callable[[int], Iterator[Request]], seconds: float
) -> Results:
    """Let `clients` send the requests that `requests_of(number)` yields, for at most this many seconds."""
    results = Results()
    begin = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for number in range(clients):
            client = _Client(address, requests_of(number))
            if client.ask():
                selector.register(client.socket, selectors.EVENT_READ, client)
        while selector.get_map():
            ready = selector.select(DEADLINE)
            if not ready:
                raise TimeoutError(f"no answer within {DEADLINE:g} s")
            for key, _ in ready:
                client = key.data
                head = client.read()
                if head is None:
                    continue
                now = time.perf_counter()
                _note(results, client, head, now)
                if now - begin > seconds or not client.ask():
                    selector.unregister(client.socket)
                    client.socket.close()
    results.seconds = time.perf_counter() - begin
    return results


def message(method: str, path: str, host: str, token: str, body: bytes = b"", **headers: str) -> bytes:
    """Return the bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Authorization: Bearer {token}", "Accept: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if method != "GET":
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _note(results: Results, client: _Client, head: bytes, now: float) -> None:
    if head[9:10] != b"2":
        results.wrong.append(f"{client.name}: {client.buffer[:300]!r}")
    outside = (now - client.begin) * 1e3
    if b"\r\nServer-Timing: " not in head:
        results.answers.append(Answer(client.name, 0.0, 0.0, outside))
        return
    inside, busy, worker = (part.partition("=")[2] for part in _value(head, b"Server-Timing: ").decode().split(", "))
    results.workers.add(worker)
    results.answers.append(Answer(client.name, float(inside), float(busy), outside))


def _value(head: bytes, name: bytes) -> bytes:
    """Return the value of a header; `name` is spelled as the server writes it, with colon and space."""
    begin = head.index(b"\r\n" + name) + 2 + len(name)
    end = head.find(b"\r\n", begin)
    return head[begin:] if end < 0 else head[begin:end]

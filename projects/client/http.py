"""HTTP/1.1 to a server on this machine, over one standard-library socket per request.

Importing `http.client` or `requests` takes longer than the whole call. Responses are size-limited and validated.
A transport is any class with `send`; `remote.RequestsTransport` is the other one. Both raise

    TransportError
    ├── Disconnected  the connection closed before the response was complete
    │   └── Refused   nothing listens at the address
    ├── Silent        no data arrived before the timeout
    └── Malformed     the response is not HTTP, or is too large
"""

from __future__ import annotations

# The C part of `socket`: the Python part costs 3 ms for enums and selectors that we don't need.
import _socket as socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Protocol

    from projects.client.streaming import Sink, Upload

    class Connection(Protocol):
        """The methods of a socket that the transport uses."""

        def sendall(self, content: bytes, /) -> None: ...
        def recv(self, most: int, /) -> bytes: ...
        def close(self) -> None: ...


MAX_HEAD = 64 * 1024  # bytes of the status line and all headers
MAX_BODY = 256 * 1024 * 1024  # bytes
MAX_STREAM = 1 << 50  # bytes written to a file
PIECE = 64 * 1024  # bytes per send: the timeout restarts with each piece


class Response:
    """A response; header names are in lower case."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


class TransportError(Exception):
    """The request got no response; the message is a clause that says why."""


class Disconnected(TransportError):
    """The connection closed early."""

    was_sent = True  # the request, or a part of it


class Refused(Disconnected):
    """Nothing listens at the address."""

    was_sent = False


class Silent(TransportError):
    """No data arrived before the timeout."""


class Malformed(TransportError):
    """The response is invalid or too large."""


class SocketTransport:
    """Connect to a literal loopback address; `silence` is the socket timeout in seconds."""

    def __init__(self, host: str, port: int, silence: float, max_body: int = MAX_BODY) -> None:
        self.host = host
        self.port = port
        self.silence = silence
        self.max_body = max_body

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | Upload = b"",
        sink: Sink | None = None,
    ) -> Response:
        """Send one request and return the response; a `sink` receives the body of a 200. Raises TransportError."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.authority()}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body or method in ("POST", "PATCH", "PUT"):
            lines.append(f"Content-Length: {len(body)}")
        head = "\r\n".join((*lines, "", "")).encode("ascii")
        connection = self.connect()
        try:
            if isinstance(body, bytes):
                _write(connection, head + body)
            else:
                _write(connection, head, body)
            return self._read(_Reader(connection), method, sink)
        except TimeoutError:
            raise Silent(f"no data for {self.silence:g} s") from None
        except OSError as error:
            raise Disconnected(error.strerror or str(error)) from None
        finally:
            connection.close()

    def authority(self) -> str:
        """Return the Host header."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def connect(self) -> Connection:
        """Return a connection. Raises TransportError."""
        # Not create_connection: it resolves names, for which Python imports the IDNA codec.
        return _connected(self.host, self.port, self.silence)

    def _read(self, reader: _Reader, method: str, sink: Sink | None) -> Response:
        for _ in range(10):
            status, headers = _read_head(reader)
            if status >= 200:
                break
        else:
            raise Malformed("it sent only provisional responses")
        if method == "HEAD" or status in (204, 304):
            return Response(status, headers, b"")
        if sink is None or status != 200:
            return Response(status, headers, b"".join(self._pieces(reader, headers, self.max_body)))
        for piece in self._pieces(reader, headers, MAX_STREAM):
            sink.write(piece)
        return Response(status, headers, b"")

    def _pieces(self, reader: _Reader, headers: Mapping[str, str], most: int) -> Iterator[bytes]:
        """Yield the body in pieces. Raises Malformed if it has more than `most` bytes."""
        if "transfer-encoding" in headers:
            if headers["transfer-encoding"].lower() != "chunked":
                raise Malformed("its response has an unknown transfer encoding")
            yield from self._chunks(reader, most)
        elif "content-length" in headers:
            yield from reader.exactly(_checked(headers["content-length"], 10, most))
        else:
            total = 0
            for piece in reader.rest():
                total += len(piece)
                _checked(str(total), 10, most)
                yield piece

    def _chunks(self, reader: _Reader, most: int) -> Iterator[bytes]:
        total = 0
        while size := _checked(reader.line(1024).partition(b";")[0].decode("latin-1").strip(), 16, most):
            total += size
            _checked(str(total), 10, most)
            yield from reader.exactly(size)
            if reader.line(2):
                raise Malformed("a chunk of its response is longer than declared")
        left = MAX_HEAD
        while line := reader.line(left):
            left -= len(line)


class _Reader:
    """A buffered reader of a connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.buffer = b""

    def line(self, limit: int) -> bytes:
        """Return the next line without its newline. Raises Malformed above `limit` bytes, Disconnected at EOF."""
        searched = 0
        while (end := self.buffer.find(b"\n", searched)) < 0 and len(self.buffer) <= limit + 1:
            searched = len(self.buffer)
            self.buffer += self._piece()
        if end < 0 or end > limit + 1:
            raise Malformed("the headers of its response are too large")
        found, self.buffer = self.buffer[:end], self.buffer[end + 1 :]
        return found.rstrip(b"\r")

    def exactly(self, length: int) -> Iterator[bytes]:
        """Yield the next `length` bytes. Raises Disconnected at EOF."""
        piece, missing = self.buffer[:length], length - len(self.buffer)
        self.buffer = self.buffer[length:]
        if piece:
            yield piece
        while missing > 0:
            piece = self._piece(missing)
            missing -= len(piece)
            yield piece

    def rest(self) -> Iterator[bytes]:
        """Yield all data until EOF."""
        piece, self.buffer = self.buffer, b""
        while piece or (piece := self.connection.recv(PIECE)):
            yield piece
            piece = b""

    def _piece(self, most: int = PIECE) -> bytes:
        piece = self.connection.recv(min(PIECE, most))
        if not piece:
            raise Disconnected("the connection closed before the response was complete")
        return piece


def _connected(host: str, port: int, silence: float) -> socket.socket:
    connection = None
    try:
        connection = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        connection.settimeout(silence)
        connection.connect((host, port))
    except OSError as error:
        if connection is not None:
            connection.close()
        if isinstance(error, TimeoutError):
            raise Silent(f"no data for {silence:g} s") from None
        raise Refused(error.strerror or str(error)) from None
    return connection


def _write(connection: Connection, message: bytes, more: Iterable[bytes] = ()) -> None:
    try:
        for start in range(0, len(message), PIECE):
            connection.sendall(message[start : start + PIECE])
        for piece in more:
            connection.sendall(piece)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it may have responded (413) before it read everything; read the response


def _checked(digits: str, base: int, most: int) -> int:
    if not digits or len(digits) > 19 or not set(digits.lower()) <= set("0123456789abcdef"[:base]):
        raise Malformed("its response has an invalid length")
    if int(digits, base) > most:
        raise Malformed(f"its response is larger than {most} bytes")
    return int(digits, base)


def _read_head(reader: _Reader) -> tuple[int, dict[str, str]]:
    line = reader.line(MAX_HEAD)
    version, _, rest = line.partition(b" ")
    digits = rest[:3]
    if version not in (b"HTTP/1.1", b"HTTP/1.0") or not digits.isdigit() or rest[3:4].strip() or digits < b"100":
        raise Malformed("its response is not HTTP")
    headers: dict[str, str] = {}
    left = MAX_HEAD - len(line)
    while line := reader.line(left):
        left -= len(line) + 2
        name, colon, value = line.partition(b":")
        if not colon:
            raise Malformed("its response has a malformed header")
        headers[name.decode("latin-1").lower()] = value.decode("latin-1").strip()
    return int(digits), headers

"""HTTP/1.1 to a server on this machine, over one standard-library socket per request.

`http.client` and `requests` cost an agent more time than the whole call. What comes is bounded and
distrusted. A transport is anything with `send`; `remote.RequestsTransport` is the other one. Both raise

    TransportError
    ├── Disconnected  the connection ended before the answer did
    │   └── Refused   there was none: nobody listens
    ├── Silent        nothing came for as long as we were willing to wait
    └── Malformed     what came is not HTTP, or more than we take
"""

from __future__ import annotations

# The C half of `socket`: the other half costs 3 ms, for enums and selectors that nobody here needs.
import _socket as socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from projects.client.streaming import Sink, Upload

MAX_HEAD = 64 * 1024  # bytes of a status line and all header lines
MAX_BODY = 256 * 1024 * 1024  # bytes
MAX_STREAM = 1 << 50  # bytes that go to a file
PIECE = 64 * 1024  # bytes sent at once: the timeout counts from the last piece


class Response:
    """An answer; the names of its headers are in lower case."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


class TransportError(Exception):
    """No answer was had; the message says why, as half a sentence."""


class Disconnected(TransportError):
    """The connection ended early."""


class Refused(Disconnected):
    """Nobody listens."""


class Silent(TransportError):
    """Nothing came for too long."""


class Malformed(TransportError):
    """What came is no answer that we take."""


class SocketTransport:
    """Talk to a literal loopback address; `silence` is the longest wait for any byte, in seconds."""

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
        """Return the answer to one request; with a `sink` the body of a 200 goes there. Raises TransportError."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}:{self.port}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body or method in ("POST", "PATCH", "PUT"):
            lines.append(f"Content-Length: {len(body)}")
        head = "\r\n".join((*lines, "", "")).encode("ascii")
        # Not create_connection: it resolves names, for which Python imports the IDNA codec.
        connection = _connected(self.host, self.port, self.silence)
        try:
            if isinstance(body, bytes):
                _write(connection, head + body)
            else:
                _write(connection, head, body)
            return self._read(_Reader(connection), method, sink)
        except TimeoutError:
            raise Silent(f"nothing came for {self.silence:g} s") from None
        except OSError as error:
            raise Disconnected(error.strerror or str(error)) from None
        finally:
            connection.close()

    def _read(self, reader: _Reader, method: str, sink: Sink | None) -> Response:
        for _ in range(10):
            status, headers = _read_head(reader)
            if status >= 200:
                break
        else:
            raise Malformed("it sent nothing but provisional answers")
        if method == "HEAD" or status in (204, 304):
            return Response(status, headers, b"")
        if sink is None or status != 200:
            return Response(status, headers, b"".join(self._pieces(reader, headers, self.max_body)))
        for piece in self._pieces(reader, headers, MAX_STREAM):
            sink.write(piece)
        return Response(status, headers, b"")

    def _pieces(self, reader: _Reader, headers: Mapping[str, str], most: int) -> Iterator[bytes]:
        """Yield the body in pieces. Raises Malformed where it has more than `most` bytes."""
        if "transfer-encoding" in headers:
            if headers["transfer-encoding"].lower() != "chunked":
                raise Malformed("its answer is encoded in an unknown way")
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
                raise Malformed("a chunk of its answer is longer than it says")
        left = MAX_HEAD
        while line := reader.line(left):
            left -= len(line)


class _Reader:
    """What a connection sends, in lines and lengths."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.buffer = b""

    def line(self, limit: int) -> bytes:
        """Return the next line without its end. Raises Malformed above `limit` bytes, Disconnected at an early end."""
        searched = 0
        while (end := self.buffer.find(b"\n", searched)) < 0 and len(self.buffer) <= limit + 1:
            searched = len(self.buffer)
            self.buffer += self._piece()
        if end < 0 or end > limit + 1:
            raise Malformed("its answer has a head that is too large")
        found, self.buffer = self.buffer[:end], self.buffer[end + 1 :]
        return found.rstrip(b"\r")

    def exactly(self, length: int) -> Iterator[bytes]:
        """Yield the next `length` bytes. Raises Disconnected at an early end."""
        piece, missing = self.buffer[:length], length - len(self.buffer)
        self.buffer = self.buffer[length:]
        if piece:
            yield piece
        while missing > 0:
            piece = self._piece(missing)
            missing -= len(piece)
            yield piece

    def rest(self) -> Iterator[bytes]:
        """Yield what comes until the end."""
        piece, self.buffer = self.buffer, b""
        while piece or (piece := self.connection.recv(PIECE)):
            yield piece
            piece = b""

    def _piece(self, most: int = PIECE) -> bytes:
        piece = self.connection.recv(min(PIECE, most))
        if not piece:
            raise Disconnected("the connection ended before the answer did")
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
            raise Silent(f"nothing came for {silence:g} s") from None
        raise Refused(error.strerror or str(error)) from None
    return connection


def _write(connection: socket.socket, message: bytes, more: Iterable[bytes] = ()) -> None:
    try:
        for start in range(0, len(message), PIECE):
            connection.sendall(message[start : start + PIECE])
        for piece in more:
            connection.sendall(piece)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it may have answered before it read all of it (413); reading tells


def _checked(digits: str, base: int, most: int) -> int:
    if not digits or len(digits) > 19 or not set(digits.lower()) <= set("0123456789abcdef"[:base]):
        raise Malformed("its answer has no valid length")
    if int(digits, base) > most:
        raise Malformed(f"its answer is larger than {most} bytes")
    return int(digits, base)


def _read_head(reader: _Reader) -> tuple[int, dict[str, str]]:
    line = reader.line(MAX_HEAD)
    version, _, rest = line.partition(b" ")
    digits = rest[:3]
    if version not in (b"HTTP/1.1", b"HTTP/1.0") or not digits.isdigit() or rest[3:4].strip() or digits < b"100":
        raise Malformed("its answer is not HTTP")
    headers: dict[str, str] = {}
    left = MAX_HEAD - len(line)
    while line := reader.line(left):
        left -= len(line) + 2
        name, colon, value = line.partition(b":")
        if not colon:
            raise Malformed("its answer has a broken header")
        headers[name.decode("latin-1").lower()] = value.decode("latin-1").strip()
    return int(digits), headers

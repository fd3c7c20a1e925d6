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
from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_HEAD = 64 * 1024  # bytes of a status line and all header lines
MAX_BODY = 256 * 1024 * 1024  # bytes
PIECE = 64 * 1024  # bytes sent at once: the timeout counts from the last piece

Response = namedtuple("Response", "status headers body")  # int, {lower-case name: value}, bytes


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

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Response:
        """Return the answer to one request. Raises TransportError."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}:{self.port}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body or method in ("POST", "PATCH", "PUT"):
            lines.append(f"Content-Length: {len(body)}")
        message = "\r\n".join((*lines, "", "")).encode("ascii") + body
        # Not create_connection: it resolves names, for which Python imports the IDNA codec.
        connection = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, socket.SOCK_STREAM)
        try:
            connection.settimeout(self.silence)
            _connect(connection, self.host, self.port)
            _write(connection, message)
            return self._read(_Reader(connection), method)
        except TimeoutError:
            raise Silent(f"nothing came for {self.silence:g} s") from None
        except OSError as error:
            raise Disconnected(error.strerror or str(error)) from None
        finally:
            connection.close()

    def _read(self, reader: _Reader, method: str) -> Response:
        for _ in range(10):
            status, headers = _read_head(reader)
            if status >= 200:
                break
        else:
            raise Malformed("it sent nothing but provisional answers")
        if method == "HEAD" or status in (204, 304):
            return Response(status, headers, b"")
        if "transfer-encoding" in headers:
            if headers["transfer-encoding"].lower() != "chunked":
                raise Malformed("its answer is encoded in an unknown way")
            return Response(status, headers, self._read_chunks(reader))
        if "content-length" in headers:
            length = self._checked(headers["content-length"], 10)
            return Response(status, headers, reader.exactly(length))
        body = reader.rest(self.max_body + 1)
        self._checked(str(len(body)), 10)
        return Response(status, headers, body)

    def _read_chunks(self, reader: _Reader) -> bytes:
        chunks, total = [], 0
        while True:
            size = self._checked(reader.line(1024).partition(b";")[0].decode("latin-1").strip(), 16)
            if not size:
                break
            total += size
            self._checked(str(total), 10)
            chunks.append(reader.exactly(size))
            if reader.line(2):
                raise Malformed("a chunk of its answer is longer than it says")
        left = MAX_HEAD
        while line := reader.line(left):
            left -= len(line)
        return b"".join(chunks)

    def _checked(self, digits: str, base: int) -> int:
        if not digits or len(digits) > 19 or not set(digits.lower()) <= set("0123456789abcdef"[:base]):
            raise Malformed("its answer has no valid length")
        if int(digits, base) > self.max_body:
            raise Malformed(f"its answer is larger than {self.max_body} bytes")
        return int(digits, base)


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

    def exactly(self, length: int) -> bytes:
        """Return the next `length` bytes. Raises Disconnected at an early end."""
        pieces, missing = [self.buffer[:length]], length - len(self.buffer)
        self.buffer = self.buffer[length:]
        while missing > 0:
            pieces.append(self._piece(missing))
            missing -= len(pieces[-1])
        return b"".join(pieces)

    def rest(self, limit: int) -> bytes:
        """Return what comes until the end, or the first `limit` bytes of it."""
        pieces, missing = [self.buffer[:limit]], limit - len(self.buffer)
        while missing > 0 and (piece := self.connection.recv(min(PIECE, missing))):
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def _piece(self, most: int = PIECE) -> bytes:
        piece = self.connection.recv(min(PIECE, most))
        if not piece:
            raise Disconnected("the connection ended before the answer did")
        return piece


def _connect(connection: socket.socket, host: str, port: int) -> None:
    try:
        connection.connect((host, port))
    except TimeoutError:
        raise
    except OSError as error:
        raise Refused(error.strerror or str(error)) from None


def _write(connection: socket.socket, message: bytes) -> None:
    try:
        for start in range(0, len(message), PIECE):
            connection.sendall(message[start : start + PIECE])
    except (BrokenPipeError, ConnectionResetError):
        pass  # it may have answered before it read all of it (413); reading tells


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

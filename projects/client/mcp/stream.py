"""Messages on two file descriptors, one a line; a request that is cancelled before its answer is sent gets none."""

from __future__ import annotations

import os
import select

from discovery import quickjson
from projects.client.mcp.protocol import INVALID_REQUEST, PARSE_ERROR, Refusal, failure, to_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.mcp.protocol import Message, Protocol

    Key = tuple[str, str | int]

PIECE = 64 * 1024  # bytes
MAX_MESSAGE = 4 * 1024 * 1024  # bytes


class Stream:
    """Read requests from one file descriptor and write the answers to another, in order."""

    def __init__(self, protocol: Protocol, source: int, sink: int) -> None:
        self.protocol = protocol
        self.source, self.sink = source, sink
        self._buffer = b""
        self._skips = False  # the rest of a message that is too large
        self._ended = False
        self._pending: list[Message | Refusal] = []
        self._current: Key | None = None
        self._cancelled: set[Key] = set()

    def serve(self) -> None:
        """Answer until the client closes its end."""
        while self._pending or self._read():
            if not self._pending:
                continue  # half a message
            message = self._pending.pop(0)
            self._current = _key(message)
            if isinstance(message, Refusal):
                answer: Message = failure(None, message)
            elif self._current in self._cancelled:
                answer = None
            else:
                answer = self.protocol.answer(message)
                while not self._ended and select.select([self.source], [], [], 0)[0]:
                    self._read()
            if answer is not None and self._current not in self._cancelled:
                _write(self.sink, to_line(answer))
            self._cancelled.discard(self._current)
            self._current = None

    def _read(self) -> bool:
        """Read what there is, at least one piece; return False at the end of the input."""
        piece = b"" if self._ended else os.read(self.source, PIECE)
        if not piece:
            is_last = not self._ended
            self._ended = True
            if is_last and self._buffer.strip():
                self._take(self._buffer)
            self._buffer = b""
            return bool(self._pending)
        *lines, self._buffer = (self._buffer + piece).split(b"\n") if b"\n" in piece else (self._buffer + piece,)
        for line in lines:
            if self._skips:
                self._skips = False
            elif line.strip():
                self._take(line)
        if len(self._buffer) > MAX_MESSAGE and not self._skips:
            self._skips = True
            self._pending.append(Refusal(INVALID_REQUEST, f"a message has at most {MAX_MESSAGE} bytes"))
        if self._skips:
            self._buffer = b""
        return True

    def _take(self, line: bytes) -> None:
        try:
            message = quickjson.loads(line)
        except (ValueError, RecursionError):
            self._pending.append(Refusal(PARSE_ERROR, "the message is not JSON"))
            return
        if isinstance(message, dict) and message.get("method") == "notifications/cancelled" and "id" not in message:
            params = message.get("params")
            key = params.get("requestId") if isinstance(params, dict) else None
            found = _key({"id": key})
            if found is not None and (found == self._current or found in map(_key, self._pending)):
                self._cancelled.add(found)
            return
        self._pending.append(message)


def _key(message: Message | Refusal) -> Key | None:
    """Return the ID of a request; 1 and "1" are different ones."""
    key = message.get("id") if isinstance(message, dict) else None
    return (type(key).__name__, key) if isinstance(key, str | int) else None


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]

"""Send and receive files of any size in pieces."""

from __future__ import annotations

import os

from projects.client.errors import FileRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

PIECE = 256 * 1024  # bytes
# Seconds: the server may process a large board for a long time without sending data.
PATIENCE = 3600.0


class Upload:
    """A file to send, more than once if needed; `on_sent` is called with the size of each piece."""

    def __init__(self, file: BinaryIO, on_sent: Callable[[int], object] | None = None) -> None:
        self.file = file
        self.on_sent = on_sent
        self.size = file.seek(0, os.SEEK_END)

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[bytes]:
        """Yield the file from its beginning. Raises FileRefused if it can't be read to its end."""
        missing = self.size
        try:
            self.file.seek(0)
            while missing:
                piece = self.file.read(min(PIECE, missing))
                if not piece:
                    raise FileRefused("the file was truncated while it was being sent")
                missing -= len(piece)
                yield piece
                if self.on_sent is not None:
                    self.on_sent(len(piece))
        except OSError as error:
            raise FileRefused(f"the file can't be read: {error.strerror}") from None


class Sink:
    """A file that receives a response body."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def empty(self) -> None:
        """Discard everything written so far."""
        self.file.seek(0)
        self.file.truncate()

    def write(self, piece: bytes) -> None:
        """Append a piece. Raises FileRefused, for example on a full disk."""
        try:
            self.file.write(piece)
        except OSError as error:
            raise FileRefused(f"the file can't be written: {error.strerror}") from None

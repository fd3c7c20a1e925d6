"""A block between two markers in a text file; the rest of the file belongs to the user.

The end marker carries a digest of the lines, so that what a person wrote between the markers is noticed.
"""

from __future__ import annotations

import hashlib


class BlockProblem(Exception):
    """The markers can't be used; the message says why."""


class Block:
    """Lines between two markers, which are comments of the file's format."""

    def __init__(self, begin: bytes, end: bytes, lines: bytes) -> None:
        self.begin = begin
        self.end, blank, close = end.partition(b" -->")
        self.close = blank + close
        self.lines = lines

    def new(self) -> bytes:
        """Return the text of a file that has only the block."""
        return self._shown(b"\n") + b"\n"

    def is_in(self, text: bytes) -> bool:
        """Return True if the text has the block as it is now. Raises BlockProblem."""
        place = self._place(text)
        return place is not None and text[slice(*place)] == self._shown(_newline(text))

    def is_alone(self, text: bytes) -> bool:
        """Return True if the text is the block, as in a new file. Raises BlockProblem."""
        place = self._place(text)
        return place is not None and place[0] == 0 and text[place[1] :] == b"\n"

    def is_edited(self, text: bytes) -> bool:
        """Return True if the text has other lines between the markers than were written there. Raises BlockProblem."""
        place = self._place(text)
        if place is None:
            return False
        found = text[slice(*place)].replace(b"\r\n", b"\n")
        lines, _, last = found.removeprefix(self.begin + b"\n").rpartition(self.end)
        return last != b" " + _digest(lines) + self.close

    def add(self, text: bytes) -> bytes:
        """Return the text with the block at its end, or in the place of an older one. Raises BlockProblem."""
        newline = _newline(text)
        shown = self._shown(newline)
        place = self._place(text)
        if place is not None:
            return text[: place[0]] + shown + text[place[1] :]
        if not text or text.endswith(b"\n"):
            return text + newline + shown + newline
        return text + 2 * newline + shown

    def remove(self, text: bytes) -> bytes:
        """Return the text as it was before `add`. Raises BlockProblem."""
        place = self._place(text)
        if place is None:
            return text
        newline = _newline(text)
        before, after = text[: place[0]], text[place[1] :]
        if before == newline or before.endswith(2 * newline):  # the empty line that `add` wrote
            before = before.removesuffix(newline)
        if after:
            return before + after.removeprefix(newline)
        return before.removesuffix(newline)

    def _shown(self, newline: bytes) -> bytes:
        end = self.end + b" " + _digest(self.lines) + self.close
        return (self.begin + b"\n" + self.lines + end).replace(b"\n", newline)

    def _place(self, text: bytes) -> tuple[int, int] | None:
        counts = (text.count(self.begin), text.count(self.end))
        if counts == (0, 0):
            return None
        start, end = text.find(self.begin), text.find(self.end)
        if counts != (1, 1) or end < start:
            markers = f"one {self.begin.decode()} followed by one {self.end.decode()}{self.close.decode()}"
            raise BlockProblem(f"it must contain {markers}; fix it first")
        line = text.find(b"\n", end)
        return start, len(text) if line < 0 else line - (text[line - 1 : line] == b"\r")


def _digest(lines: bytes) -> bytes:
    return hashlib.sha256(lines).hexdigest()[:8].encode()


def _newline(text: bytes) -> bytes:
    return b"\r\n" if b"\r\n" in text else b"\n"

"""Show a diff line by line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

MAX_LENGTH = 1000  # characters of a line that are shown
_KINDS = {"+": "added", "-": "removed", "@": "place"}


class DiffLine(NamedTuple):
    """A line of a diff; its kind is "file", "place", "added", "removed" or "" for what stays."""

    kind: str
    text: str


def diff_lines(lines: Iterable[str]) -> list[DiffLine]:
    """Return the lines with their kinds, without characters that change how the text is shown."""
    found: list[DiffLine] = []
    in_header = True
    for line in lines:
        if line.startswith("diff --git "):
            in_header = True
        elif line.startswith("@@ "):
            in_header = False
        kind = "file" if in_header else _KINDS.get(line[:1], "")
        text = "".join(character if character.isprintable() or character == "\t" else "\ufffd" for character in line)
        found.append(DiffLine(kind, text[:MAX_LENGTH]))
    return found

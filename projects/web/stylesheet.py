"""The stylesheet of the pages: the files of static/pm/css as one, so that a page needs one request for them."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "static" / "pm" / "css"
# Their rules apply to all pages, so those of a single page, which follow in alphabetical order, win over them.
FIRST = ("tokens", "base", "parts", "frame")
LAST = ("print",)


class Stylesheet(NamedTuple):
    content: bytes
    digest: str


@functools.cache
def stylesheet() -> Stylesheet:
    """Return the joined files. A new file in the folder needs no further mention."""
    content = b"".join((FOLDER / f"{name}.css").read_bytes() for name in names())
    return Stylesheet(content, hashlib.sha256(content).hexdigest()[:12])


def names() -> list[str]:
    """Return the names of the files in the order of the stylesheet."""
    others = sorted(path.stem for path in FOLDER.glob("*.css"))
    return [*FIRST, *(name for name in others if name not in FIRST + LAST), *LAST]

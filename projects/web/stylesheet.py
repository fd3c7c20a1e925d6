"""The stylesheet of the pages: the files of static/pm/css as one, so that a page needs one request for them.

Where a page shows an icon hundreds of times, as on cards, it is a mask: `var(--icon-bug)` is the icon `bug` of the
sprite as an image. It is defined because a rule uses it.
"""

from __future__ import annotations

import functools
import hashlib
import re
from pathlib import Path
from typing import NamedTuple

from projects.web import icons

FOLDER = Path(__file__).parent / "static" / "pm" / "css"
# Their rules apply to all pages, so those of a single page, which follow in alphabetical order, win over them.
FIRST = ("tokens", "base", "parts", "frame")
LAST = ("print",)
ESCAPED = str.maketrans({"<": "%3C", ">": "%3E", "#": "%23"})


class Stylesheet(NamedTuple):
    content: bytes
    digest: str


@functools.cache
def stylesheet() -> Stylesheet:
    """Return the joined files. A new file in the folder needs no further mention."""
    rules = "".join((FOLDER / f"{name}.css").read_text("utf-8") for name in names())
    used = sorted(set(re.findall(r"var\(--icon-([a-z0-9-]+)\)", rules)))
    images = "".join(f"--icon-{name}: {_image(name)};\n" for name in used)
    content = f"{rules}:root {{\n{images}}}\n".encode()
    return Stylesheet(content, hashlib.sha256(content).hexdigest()[:12])


def _image(name: str) -> str:
    """Return the icon as the value of a mask. Raises KeyError if the sprite lacks it."""
    style = "fill='none' stroke='#000' stroke-width='2' stroke-linecap='round' stroke-linejoin='round'"
    shapes = icons.shapes()[name].replace('"', "'")
    image = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' {style}>{shapes}</svg>"
    return f'url("data:image/svg+xml,{image.translate(ESCAPED)}")'


def names() -> list[str]:
    """Return the names of the files in the order of the stylesheet."""
    others = sorted(path.stem for path in FOLDER.glob("*.css"))
    return [*FIRST, *(name for name in others if name not in FIRST + LAST), *LAST]

"""The icons of the pages: the symbols of static/pm/icons.svg, which `python -m tests.icons` takes from Lucide."""

from __future__ import annotations

import functools
import re
from pathlib import Path

SPRITE = Path(__file__).parent / "static" / "pm" / "icons.svg"


@functools.cache
def shapes() -> dict[str, str]:
    """Return the shapes of each icon, as SVG elements."""
    return dict(re.findall(r'<symbol id="([a-z0-9-]+)"[^>]*>(.*?)</symbol>', SPRITE.read_text("utf-8")))


@functools.cache
def names() -> frozenset[str]:
    return frozenset(shapes())

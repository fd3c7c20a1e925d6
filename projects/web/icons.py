"""The icons of the pages: the symbols of static/pm/icons.svg, which `python -m tests.icons` takes from Lucide."""

from __future__ import annotations

import functools
import re
from pathlib import Path

SPRITE = Path(__file__).parent / "static" / "pm" / "icons.svg"


@functools.cache
def names() -> frozenset[str]:
    return frozenset(re.findall(r'<symbol id="([a-z0-9-]+)"', SPRITE.read_text("utf-8")))

"""The initials and the colour that stand for a person or an agent."""

from __future__ import annotations

import re
import zlib

HUES = 6  # .hue-0 to .hue-5 in css/parts.css


def initials(name: str) -> str:
    """Return one or two letters: of the first two words, or the beginning of the only one."""
    words = re.findall(r"[^\W_]+", name)
    return ("".join(word[0] for word in words[:2]) if len(words) > 1 else "".join(words)[:2]).upper() or "?"


def hue(name: str) -> int:
    """Return the number of a colour, the same on every page, server and day."""
    return zlib.crc32(name.encode()) % HUES

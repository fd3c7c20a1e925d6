"""Spans of time as people type and read them."""

from __future__ import annotations

import re
from datetime import timedelta

from django.core.exceptions import ValidationError

_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)")
_UNITS = re.compile(r"(?:(\d{1,3}(?:[.,]\d{1,2})?) ?h(?:ours?)?)? ?(?:(\d{1,4}) ?m(?:in(?:utes?)?)?)?", re.IGNORECASE)
ADVICE = "write it like 1h 30m, 45m or 1:30"


def parse(text: str) -> timedelta:
    """Return the span that `text` says: hours and minutes. Raises ValidationError."""
    text = text.strip()
    parts = _CLOCK.fullmatch(text) or _UNITS.fullmatch(text)
    hours, minutes = parts.groups(default="0") if parts else ("0", "0")
    span = timedelta(hours=float(hours.replace(",", ".")), minutes=int(minutes))
    if not span:
        raise ValidationError(f"“{text[:20]}” is no span of time; {ADVICE}" if text else f"say how long; {ADVICE}")
    return span


def spell(seconds: int | None) -> str:
    """Return whole hours and minutes, "0 min" for less than one."""
    hours, minutes = divmod((seconds or 0) // 60, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"

"""Parse and format durations."""

from __future__ import annotations

import re
from datetime import timedelta

from django.core.exceptions import ValidationError

_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)")
_UNITS = re.compile(r"(?:(\d{1,3}(?:[.,]\d{1,2})?) ?h(?:ours?)?)? ?(?:(\d{1,4}) ?m(?:in(?:utes?)?)?)?", re.IGNORECASE)
EXAMPLES = "1h 30m, 45m or 1:30"


def parse(text: str) -> timedelta:
    """Parse hours and minutes. Raises ValidationError."""
    text = text.strip()
    parts = _CLOCK.fullmatch(text) or _UNITS.fullmatch(text)
    hours, minutes = parts.groups(default="0") if parts else ("0", "0")
    span = timedelta(hours=float(hours.replace(",", ".")), minutes=int(minutes))
    if not span:
        problem = f"“{text[:20]}” is not a duration; write it like" if text else "enter a duration such as"
        raise ValidationError(f"{problem} {EXAMPLES}")
    return span


def spell(seconds: int | None) -> str:
    """Format as whole hours and minutes; "0 min" for less than one minute."""
    hours, minutes = divmod((seconds or 0) // 60, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"

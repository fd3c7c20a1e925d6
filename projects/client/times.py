"""Times and durations as people write them: `2h`, `3d`, `yesterday`. Only imported for those."""

from __future__ import annotations

import time

from projects.client.grammar import refused

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}  # seconds
DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
MAX_DIGITS = 6


def duration(text: str) -> int | None:
    """Return the seconds of a duration such as 90s, 5m, 2h, 3d or 1w; None if the text is none."""
    number, unit = text[:-1], text[-1:].lower()
    is_one = number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS and unit in UNITS
    return int(number) * UNITS[unit] if is_one else None


def minutes(text: str) -> int:
    """Parse whole minutes: a number, or a duration such as 2h."""
    seconds = duration(text)
    if seconds is None and text.removeprefix("-").isdecimal():  # the server says which numbers it takes
        return int(text)
    if seconds is None:
        raise refused(f"{text!r} is neither whole minutes nor a duration such as 90m, 2h or 1d")
    if seconds < UNITS["m"]:
        raise refused(f"{text!r} is less than a minute")
    return seconds // UNITS["m"]


def past(text: str) -> str:
    """Return the moment of a duration ago or the beginning of a day in ISO 8601; other texts unchanged."""
    seconds = duration(text)
    if seconds is not None:
        moment = time.time() - seconds
    elif text.lower() in DAYS:
        year, month, day = time.localtime()[:3]
        moment = time.mktime((year, month, day + DAYS[text.lower()], 0, 0, 0, 0, 0, -1))
    elif text.lower() == "now":
        moment = time.time()
    else:
        return text
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(max(moment, 0)))


def day(text: str) -> str:
    """Return the day of a word, or of a duration from today, as 2026-01-31; other texts unchanged."""
    seconds = duration(text)
    days = DAYS.get(text.lower()) if seconds is None else seconds // UNITS["d"]
    if days is None or (seconds is not None and seconds % UNITS["d"]):
        return text
    year, month, number = time.localtime()[:3]
    noon = time.mktime((year, month, number + days, 12, 0, 0, 0, 0, -1))
    return time.strftime("%Y-%m-%d", time.localtime(noon))

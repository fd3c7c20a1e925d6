"""Spans of time: in words, and as an axis on which minutes and months are legible."""

from __future__ import annotations

import math

from projects.web.charts.drawing import BOTTOM, TOP, Tick, number

MINUTE, HOUR, DAY, WEEK = 60, 3600, 86400, 7 * 86400
TICKS = (
    *((MINUTE, "1 min"), (10 * MINUTE, "10 min"), (HOUR, "1 h"), (4 * HOUR, "4 h"), (DAY, "1 d"), (3 * DAY, "3 d")),
    *((WEEK, "1 wk"), (4 * WEEK, "4 wk"), (13 * WEEK, "13 wk"), (52 * WEEK, "1 y"), (260 * WEEK, "5 y")),
)
MOST_TICKS = 6
FULL = 99.5  # from here on, a number has no decimals


def spell(seconds: float) -> str:
    """Return a span as "12 min", "3.5 h" or "4.2 d"."""
    if seconds < HOUR:
        return f"{seconds / MINUTE:.0f} min"
    amount, unit = (seconds / HOUR, "h") if seconds < 2 * DAY else (seconds / DAY, "d")
    return f"{amount:.0f} {unit}" if amount >= FULL else f"{number(amount)} {unit}"


class Spans:
    """The vertical axis: the logarithm of spans, from a tick at or below the least to one at or above the most."""

    def __init__(self, values: list[float]) -> None:
        sizes = [size for size, _ in TICKS]
        least, most = min(values, default=HOUR), max(values, default=WEEK)
        self.low = max((size for size in sizes if size <= least), default=sizes[0])
        self.high = min((size for size in sizes if size >= most and size > self.low), default=sizes[-1])

    def __call__(self, seconds: float) -> float:
        part = math.log(max(seconds, self.low) / self.low) / math.log(self.high / self.low)
        return BOTTOM - (BOTTOM - TOP) * min(part, 1.0)

    def ticks(self) -> list[Tick]:
        """Return the labels; every second one where there are many."""
        found = [(size, text) for size, text in TICKS if self.low <= size <= self.high]
        step = 1 if len(found) <= MOST_TICKS else 2
        return [Tick(number(self(size)), text) for size, text in found[::step]]

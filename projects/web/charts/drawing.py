"""What a chart is made of: shapes in one box, with axes, a legend, a sentence that says it, and the table behind it.

All is data, and a template draws it (templates/pm/chart.html). Colours are names of the stylesheet's variables.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

# The box is about as wide as the screen of a phone, so that its letters are never too small to be read.
WIDTH, HEIGHT = 320.0, 190.0
LEFT, RIGHT, TOP, BOTTOM = 30.0, 300.0, 10.0, 164.0  # of the plot; beyond it half a label has room
LETTER = 5.4  # width of a letter at the size of the labels
MOST_TICKS = 5
STEPS = (1, 2, 3, 7, 14, 21, 28, 56, 91, 182, 364)  # days between two labels
MANY_DAYS = 200  # from here on a month is told with its year


class Tick(NamedTuple):
    """A label of an axis, and where it is."""

    at: str
    text: str


class Shape(NamedTuple):
    """A line (`stroke`) or an area (`fill`); `hint` is shown to who points at it."""

    path: str
    stroke: str = ""
    fill: str = ""
    dashed: bool = False
    pale: bool = False  # of the fill
    hint: str = ""


class Key(NamedTuple):
    """An entry of the legend."""

    name: str
    stroke: str = ""
    fill: str = ""
    dashed: bool = False
    pale: bool = False


@dataclass
class Chart:
    """A chart, ready to be drawn. `rows` begin with what they are about, a date or a name."""

    ident: str
    title: str
    description: str = ""
    xs: list[Tick] = field(default_factory=list)
    ys: list[Tick] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    legend: list[Key] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


class Height:
    """The upright axis: from 0 to a round number at or above `most`."""

    def __init__(self, most: float) -> None:
        self.step = _step(most)
        self.top = self.step * max(1, math.ceil(most / self.step))

    def __call__(self, value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * min(max(value / self.top, 0.0), 1.0)

    def ticks(self) -> list[Tick]:
        return [Tick(number(self(value)), str(value)) for value in range(0, self.top + 1, self.step)]


class Dates:
    """The level axis: from one day to a later one."""

    def __init__(self, first: dt.date, last: dt.date) -> None:
        self.first, self.span = first, max((last - first).days, 1)

    def __call__(self, day: dt.date) -> float:
        return LEFT + (RIGHT - LEFT) * min(max((day - self.first).days / self.span, 0.0), 1.0)

    def ticks(self) -> list[Tick]:
        """Return labels that don't touch one another."""
        room = (RIGHT - LEFT) / self.span
        width = (8 if self.span > MANY_DAYS else 6) * LETTER + 10
        step = next((step for step in STEPS if step * room >= width), self.span)
        days = (self.first + dt.timedelta(days=offset) for offset in range(0, self.span + 1, step))
        return [Tick(number(self(day)), self.label(day)) for day in days]

    def label(self, day: dt.date) -> str:
        return f"{day:%b} {day.year}" if self.span > MANY_DAYS else short(day)


def short(day: dt.date) -> str:
    """Return a day as "5 Jan"."""
    return f"{day.day} {day:%b}"


def number(value: float) -> str:
    """Return a coordinate, or an amount, without needless digits."""
    return f"{value:.1f}".removesuffix(".0")


def amount(value: float, unit: str) -> str:
    """Return "1 point", "2.5 points"."""
    return f"{number(value)} {unit if value == 1 else unit + 's'}"


def line(points: Iterable[tuple[float, float]]) -> str:
    """Return the path through the points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)


def area(upper: Sequence[tuple[float, float]], lower: Sequence[tuple[float, float]]) -> str:
    """Return the path around what is between two lines, both from left to right."""
    return line([*upper, *reversed(lower)]) + "Z"


def box(left: float, top: float, width: float, bottom: float) -> str:
    """Return the path of a rectangle."""
    return f"M{number(left)} {number(bottom)}V{number(top)}H{number(left + width)}V{number(bottom)}Z"


def _step(most: float) -> int:
    """Return 1, 2 or 5 times a power of ten, such that few ticks reach `most`."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if factor * size * MOST_TICKS >= most:
                return factor * size
        size *= 10

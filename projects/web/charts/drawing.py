"""The parts of a chart: shapes, axes, legend, a one-sentence description and the table of numbers.

Everything is data; templates/pm/chart.html renders it. Colours are names of CSS variables.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

# Shapes are stretched to the size of the chart, which is at least this wide; labels, lines and dots keep their size.
WIDTH, HEIGHT = 320.0, 190.0
LEFT, RIGHT, TOP, BOTTOM = 30.0, 300.0, 10.0, 164.0  # plot area; the margin holds half a label
LETTER = 6.4  # average width of a character in labels, on the narrowest chart
MOST_TICKS = 5
STEPS = (1, 2, 3, 7, 14, 21, 28, 56, 91, 182, 364)  # days between two labels
MANY_DAYS = 200  # longer spans show the year with the month


class Tick(NamedTuple):
    """An axis label and its position."""

    at: str
    text: str


class Shape(NamedTuple):
    """A line (`stroke`) or an area (`fill`); `hint` is its tooltip."""

    path: str
    stroke: str = ""
    fill: str = ""
    dashed: bool = False
    pale: bool = False  # translucent fill
    hint: str = ""
    is_dots: bool = False  # its points are dots of constant size
    dotted: bool = False


class Key(NamedTuple):
    """A legend entry."""

    name: str
    stroke: str = ""
    fill: str = ""
    dashed: bool = False
    pale: bool = False
    is_dots: bool = False
    dotted: bool = False


@dataclass
class Chart:
    """A chart, ready to render. The first cell of each row is its heading, a date or a name."""

    ident: str
    title: str
    description: str = ""
    xs: list[Tick] = field(default_factory=list)
    ys: list[Tick] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    legend: list[Key] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    note: str = ""  # below the table: what it leaves out

    @property
    def x_labels(self) -> list[Tick]:
        """The labels of the horizontal axis, at percents of the plot's width."""
        return [Tick(number(100 * (float(tick.at) - LEFT) / (RIGHT - LEFT)), tick.text) for tick in self.xs]

    @property
    def y_labels(self) -> list[Tick]:
        """The labels of the vertical axis, at percents of the plot's height."""
        return [Tick(number(100 * (float(tick.at) - TOP) / (BOTTOM - TOP)), tick.text) for tick in self.ys]

    @property
    def view_box(self) -> str:
        return f"{number(LEFT)} {number(TOP)} {number(RIGHT - LEFT)} {number(BOTTOM - TOP)}"


class Height:
    """The vertical axis: from 0 to a round number at or above `most`."""

    def __init__(self, most: float) -> None:
        self.step = _step(most)
        self.top = self.step * max(1, math.ceil(most / self.step))

    def __call__(self, value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * min(max(value / self.top, 0.0), 1.0)

    def ticks(self) -> list[Tick]:
        return [Tick(number(self(value)), str(value)) for value in range(0, self.top + 1, self.step)]


class Dates:
    """The horizontal axis: a range of days."""

    def __init__(self, first: dt.date, last: dt.date) -> None:
        self.first, self.span = first, max((last - first).days, 1)

    def __call__(self, day: dt.date) -> float:
        return LEFT + (RIGHT - LEFT) * min(max((day - self.first).days / self.span, 0.0), 1.0)

    def ticks(self) -> list[Tick]:
        """Return labels that don't overlap."""
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
    """Format a coordinate or an amount without superfluous digits."""
    return f"{value:.1f}".removesuffix(".0")


def amount(value: float, unit: str) -> str:
    """Return "1 point", "2.5 points"."""
    return f"{number(value)} {unit if value == 1 else unit + 's'}"


def line(points: Iterable[tuple[float, float]]) -> str:
    """Return the SVG path through the points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)


def dots(points: Iterable[tuple[float, float]]) -> str:
    """Return the SVG path of a dot at each of the points, for a shape that `is_dots`."""
    return "".join(line([point, point]) for point in points)


def area(upper: Sequence[tuple[float, float]], lower: Sequence[tuple[float, float]]) -> str:
    """Return the SVG path of the area between two lines, both from left to right."""
    return line([*upper, *reversed(lower)]) + "Z"


def box(left: float, top: float, width: float, bottom: float) -> str:
    """Return the SVG path of a rectangle."""
    return f"M{number(left)} {number(bottom)}V{number(top)}H{number(left + width)}V{number(bottom)}Z"


def _step(most: float) -> int:
    """Return the tick step: 1, 2 or 5 times a power of ten, so that few ticks reach `most`."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if factor * size * MOST_TICKS >= most:
                return factor * size
        size *= 10

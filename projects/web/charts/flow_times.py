"""Cycle and lead times: each item on the day of its completion, and what the time was spent on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypedDict

from projects.insights.days import day_of
from projects.web.charts.drawing import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    Chart,
    Dates,
    Key,
    Shape,
    Tick,
    amount,
    box,
    dots,
    line,
    number,
)
from projects.web.charts.spans import Spans, spell

LISTED = 100  # items in the table


class Dashes(TypedDict, total=False):
    """How a line is drawn, besides its colour."""

    dashed: bool
    dotted: bool


LINES: dict[int, Dashes] = {50: {}, 85: {"dashed": True}, 95: {"dotted": True}}
PARTS = {
    "agent_working": ("Agent working", "violet", False),
    "waiting_for_person": ("Waiting for a person", "warn", True),
    "other_work": ("Other work", "accent", False),
    "queue": ("Queue", "soft", True),
}


class Point(NamedTuple):
    """A completed item."""

    key: str
    title: str
    completed_at: dt.datetime
    seconds: float


def scatter(
    ident: str, title: str, points: Sequence[Point], spread: Mapping[int, float], first: dt.date, zone: dt.tzinfo
) -> Chart:
    """Draw the items, the latest first, and the percentiles of their times."""
    days = [day_of(point.completed_at, zone) for point in points]
    x = Dates(min([first, *days[-1:]]), max([first, *days[:1]]))
    y = Spans([point.seconds for point in points])
    chart = Chart(ident, title, xs=x.ticks(), ys=y.ticks())
    places = [(x(day), y(point.seconds)) for day, point in zip(days, points, strict=True)]
    chart.shapes.append(Shape(dots(places), stroke="accent", is_dots=True))
    chart.legend.append(Key("Item", stroke="accent", is_dots=True))
    for level, seconds in spread.items():
        at = y(seconds)
        path = line([(LEFT, at), (RIGHT, at)])
        chart.shapes.append(Shape(path, stroke="ink", hint=f"{level} %: {spell(seconds)}", **LINES[level]))
        chart.legend.append(Key(f"{level} %: {spell(seconds)}", stroke="ink", **LINES[level]))
    chart.columns = ["Item", "Done", "Time"]
    chart.rows = [
        [f"{point.key} {point.title}", day.isoformat(), spell(point.seconds)]
        for point, day in zip(points[:LISTED], days, strict=False)
    ]
    if len(points) > LISTED:
        chart.note = f"The latest {LISTED} of {len(points)} items."
    half, most = spell(spread[50]), spell(spread[85])
    chart.description = f"Half of {amount(len(points), 'item')} took at most {half}, and 85 % at most {most}."
    return chart


def split(ident: str, means: Mapping[str, Mapping[str, float]]) -> Chart:
    """Draw what the mean times, by name, were spent on, as one bar for each."""
    longest = max(sum(parts.values()) for parts in means.values()) or 1
    chart = Chart(ident, "What the time is spent on")
    room = (BOTTOM - TOP) / len(means)
    for row, (name, parts) in enumerate(means.items()):
        left, top = LEFT, TOP + room * row + room * 0.2
        chart.ys.append(Tick(number(TOP + room * (row + 0.5)), name))
        for part, (words, colour, pale) in PARTS.items():
            width = (RIGHT - LEFT) * parts[part] / longest
            hint = f"{name}: {words.lower()} {spell(parts[part])}"
            chart.shapes.append(
                Shape(box(left, top, width, top + room * 0.6), stroke=colour, fill=colour, pale=pale, hint=hint)
            )
            left += width
    chart.legend = [Key(words, stroke=colour, fill=colour, pale=pale) for words, colour, pale in PARTS.values()]
    chart.columns = ["Time", *(words for words, _, _ in PARTS.values()), "Mean"]
    chart.rows = [
        [name, *(spell(parts[part]) for part in PARTS), spell(sum(parts.values()))] for name, parts in means.items()
    ]
    chart.description = " ".join(_sentence(name, parts) for name, parts in means.items())
    return chart


def _sentence(name: str, parts: Mapping[str, float]) -> str:
    total = sum(parts.values())
    shares = [
        f"{100 * parts[part] / total:.0f} % {words.lower()}" for part, (words, _, _) in PARTS.items() if parts[part]
    ]
    return f"{name} time, {spell(total)} in the mean: {', '.join(shares)}." if shares else f"{name} time: none."

"""The cumulative flow of a project: what waits, what is in work and what is done, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from projects.models.insights.flow_days import FlowDay
from projects.web.charts.drawing import Chart, Dates, Height, Key, Shape, area, line, short


class Band(NamedTuple):
    name: str
    colour: str


BANDS = {"done": Band("Done", "good"), "in_work": Band("Started", "accent"), "waiting": Band("Not started", "warn")}
ROWS = 120  # latest days in the table


def board_flow(ident: str, days: Sequence[FlowDay]) -> Chart:
    """Draw the days, at least two, with done at the bottom; what was done before the first day is left out."""
    before = days[0].done
    x = Dates(days[0].date, days[-1].date)
    y = Height(max(day.total - before for day in days))
    chart = Chart(ident, "Cumulative flow of the project", xs=x.ticks(), ys=y.ticks())
    below = [0] * len(days)
    for name, band in BANDS.items():
        above = [
            under + getattr(day, name) - (before if name == "done" else 0)
            for under, day in zip(below, days, strict=True)
        ]
        upper, lower = (
            [(x(day.date), y(value)) for day, value in zip(days, edge, strict=True)] for edge in (above, below)
        )
        chart.shapes.append(Shape(area(upper, lower), fill=band.colour, pale=True, hint=band.name))
        chart.shapes.append(Shape(line(upper), stroke=band.colour))
        chart.legend.insert(0, Key(band.name, stroke=band.colour, fill=band.colour, pale=True))
        below = above
    chart.columns = ["Day", *(band.name for band in BANDS.values())]
    shown = days[-ROWS:]
    chart.rows = [
        [day.date.isoformat(), str(day.done - before), str(day.in_work), str(day.waiting)] for day in reversed(shown)
    ]
    last = days[-1]
    chart.description = (
        f"{last.done - before} done since {short(days[0].date)}; {last.in_work} started and {last.waiting} not started."
    )
    return chart

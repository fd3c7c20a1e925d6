"""A sprint's cumulative flow: items per status and day, stacked with done at the bottom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from projects.models.sprints.history import Standing
from projects.web.charts.drawing import Chart, Dates, Height, Key, Shape, area, line, short

# Bottom to top, in the colours of the board's columns.
BANDS = (
    ("done", "Done", "good"),
    ("review", "Review", "violet"),
    ("in_progress", "In progress", "accent"),
    ("blocked", "Blocked", "bad"),
    ("todo", "To do", "soft"),
    ("backlog", "Backlog", "warn"),
)
ALONE = 4.0  # half the width of the band if there is only one day


def flow(ident: str, start: dt.date, end: dt.date, history: Sequence[Standing]) -> Chart:
    """Draw `history` with one band per status; statuses that never had items have none."""
    first = max(start, history[0].date) if history else start
    x, y = Dates(first, end), Height(max((then.all_items for then in history), default=0))
    chart = Chart(ident, "Cumulative flow", xs=x.ticks(), ys=y.ticks())
    bands = [band for band in BANDS if any(then.statuses[band[0]] for then in history)]
    chart.columns = ["Day", *(name for _, name, _ in bands)]
    chart.rows = [[then.date.isoformat(), *(str(then.statuses[status]) for status, _, _ in bands)] for then in history]
    places = [x(then.date) for then in history]
    if len(places) == 1:
        places, history = [places[0], places[0] + 2 * ALONE], [history[0]] * 2
    below = [0] * len(history)
    for status, name, colour in bands:
        above = [under + then.statuses[status] for under, then in zip(below, history, strict=True)]
        upper, lower = (list(zip(places, map(y, edge), strict=True)) for edge in (above, below))
        chart.shapes.append(Shape(area(upper, lower), fill=colour, pale=True, hint=name))
        chart.shapes.append(Shape(line(upper), stroke=colour))
        chart.legend.insert(0, Key(name, stroke=colour, fill=colour, pale=True))
        below = above
    chart.description = _sentence(history)
    return chart


def _sentence(history: Sequence[Standing]) -> str:
    if not history:
        return "The sprint has not started."
    last = history[-1]
    counts = [f"{last.statuses[status]} {name.lower()}" for status, name, _ in BANDS if last.statuses[status]]
    return f"{', '.join(counts) or 'No item'} on {short(last.date)}."

"""A forecast as a chart: what was done so far, and by when the rest will be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from itertools import accumulate

from projects.web.charts.drawing import Chart, Dates, Height, Key, Shape, amount, dots, line, short
from projects.web.charts.flow_times import LINES

FURTHEST = 52  # weeks to a date that is drawn


def burnup(
    ident: str, first: dt.date, daily: Sequence[int], done: int, left: int, dates: Mapping[int, dt.date | None]
) -> Chart:
    """Draw the items done at the end of each day since `first`, today last, and the `dates` by percent."""
    today = first + dt.timedelta(days=len(daily) - 1)
    furthest = today + dt.timedelta(weeks=FURTHEST)
    ends = {level: date for level, date in dates.items() if date is not None and date <= furthest}
    total = done + left
    x, y = Dates(first, max([today, *ends.values()])), Height(total)
    sums = [done - sum(daily) + value for value in accumulate(daily)]
    points = [(x(first + dt.timedelta(days=number)), y(value)) for number, value in enumerate(sums)]
    chart = Chart(ident, "Forecast", xs=x.ticks(), ys=y.ticks())
    chart.shapes.append(
        Shape(line([(x(first), y(total)), (x(x.first + dt.timedelta(days=x.span)), y(total))]), stroke="soft")
    )
    chart.shapes.append(Shape(line(points), stroke="good"))
    chart.legend = [Key("Done", stroke="good"), Key("All items", stroke="soft")]
    for level, date in ends.items():
        hint = f"{level} %: {short(date)}"
        chart.shapes.append(
            Shape(line([(x(today), y(done)), (x(date), y(total))]), stroke="ink", hint=hint, **LINES[level])
        )
        chart.shapes.append(Shape(dots([(x(date), y(total))]), stroke="ink", is_dots=True, hint=hint))
        chart.legend.append(Key(f"{level} %", stroke="ink", **LINES[level]))
    chart.columns = ["Certainty", "Done by"]
    chart.rows = [[f"{level} %", date.isoformat() if date else "in more than 5 years"] for level, date in dates.items()]
    text = ", ".join(
        f"{level} % by {date:%-d %b %Y}" if date else f"{level} % in more than 5 years" for level, date in dates.items()
    )
    chart.description = f"{amount(left, 'item')} left: {text}."
    return chart

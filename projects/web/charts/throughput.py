"""Throughput: the items completed in each week."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from projects.insights.throughput import Weekly
from projects.web.charts.drawing import (
    LEFT,
    LETTER,
    RIGHT,
    Chart,
    Height,
    Key,
    Shape,
    Tick,
    amount,
    box,
    line,
    number,
    short,
)

LONGEST = 6  # characters of a date
WIDEST = 22.0


def throughput(ident: str, weeks: Sequence[Weekly]) -> Chart:
    """Draw a bar for each week, oldest first, and the median of the whole weeks."""
    y = Height(max((week.done for week in weeks), default=0))
    chart = Chart(ident, "Throughput", ys=y.ticks())
    room = (RIGHT - LEFT) / max(len(weeks), 1)
    width = min(room * 0.65, WIDEST)
    skip = max(1, round((LONGEST + 1) * LETTER / room + 0.5))
    for place, week in enumerate(weeks):
        centre = LEFT + room * (place + 0.5)
        hint = f"Week of {short(week.first)}: {amount(week.done, 'item')}"
        chart.shapes.append(
            Shape(box(centre - width / 2, y(week.done), width, y(0)), stroke="good", fill="good", hint=hint)
        )
        if (len(weeks) - 1 - place) % skip == 0:
            chart.xs.append(Tick(number(centre), short(week.first)))
    whole = [week.done for week in weeks[1:-1]]
    chart.legend = [Key("Done in the week", stroke="good", fill="good")]
    chart.description = f"{amount(sum(week.done for week in weeks), 'item')} done"
    if whole:
        middle = statistics.median(whole)
        chart.shapes.append(Shape(line([(LEFT, y(middle)), (RIGHT, y(middle))]), stroke="ink", dashed=True))
        chart.legend.append(Key(f"Median: {number(middle)}", stroke="ink", dashed=True))
        chart.description += f"; {number(middle)} in a week in the median"
    chart.description += "."
    chart.columns = ["Week from", "Items done"]
    chart.rows = [[week.first.isoformat(), str(week.done)] for week in weeks]
    return chart

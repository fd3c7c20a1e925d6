"""The age of the items in work, next to the percentiles of how long completed items took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from projects.entities.work_item import STATUS_NAMES
from projects.web.charts.drawing import BOTTOM, LEFT, LETTER, RIGHT, Chart, Key, Shape, Tick, amount, box, line, number
from projects.web.charts.flow_times import LINES
from projects.web.charts.spans import Spans, spell

DRAWN = 24  # items, the oldest
WIDEST = 22.0


class Item(NamedTuple):
    """An item in work."""

    key: str
    title: str
    status: str
    seconds: float
    older_than: int


def aging(ident: str, items: Sequence[Item], spread: Mapping[int, float]) -> Chart:
    """Draw a bar for each item, the oldest first."""
    drawn = items[:DRAWN]
    y = Spans([*(item.seconds for item in drawn), *spread.values()])
    chart = Chart(ident, "Age of the work in progress", ys=y.ticks())
    room = (RIGHT - LEFT) / max(len(drawn), 1)
    width = min(room * 0.7, WIDEST)
    skip = max(1, round(LETTER * (max((len(item.key) for item in drawn), default=0) + 1) / room + 0.5))
    late = spread.get(85)
    for place, item in enumerate(drawn):
        centre = LEFT + room * (place + 0.5)
        is_late = late is not None and item.seconds > late
        colour = "bad" if is_late else "accent"
        hint = f"{item.key} {item.title}: {spell(item.seconds)}, {STATUS_NAMES[item.status].lower()}"
        path = box(centre - width / 2, y(item.seconds), width, BOTTOM)
        chart.shapes.append(Shape(path, stroke=colour, fill=colour, pale=not is_late, hint=hint))
        if place % skip == 0:
            chart.xs.append(Tick(number(centre), item.key))
    chart.legend = [
        Key("In progress", stroke="accent", fill="accent", pale=True),
        Key("Older than 85 % took", stroke="bad", fill="bad"),
    ]
    for level, seconds in spread.items():
        path = line([(LEFT, y(seconds)), (RIGHT, y(seconds))])
        chart.shapes.append(Shape(path, stroke="ink", **LINES[level]))
        chart.legend.append(Key(f"{level} % of the cycle times: {spell(seconds)}", stroke="ink", **LINES[level]))
    chart.columns = ["Item", "Status", "Age", "Older than"]
    chart.rows = [
        [f"{item.key} {item.title}", STATUS_NAMES[item.status], spell(item.seconds), f"{item.older_than} %"]
        for item in items
    ]
    if len(items) > DRAWN:
        chart.note = f"The chart shows the oldest {DRAWN} of {len(items)} items."
    old = sum(item.seconds > late for item in items) if late is not None else 0
    chart.description = f"{amount(len(items), 'item')} in progress"
    if old:
        chart.description += f", {old} of them older than 85 % of the completed items took"
    chart.description += "."
    return chart

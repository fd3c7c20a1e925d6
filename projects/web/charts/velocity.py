"""A project's velocity: committed and completed work of its latest sprints."""

from __future__ import annotations

from collections.abc import Sequence

from projects.models.sprints.velocity import Completed, Velocity
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

SHOWN = 8  # sprints
WIDEST = 22.0  # width of a bar
LONGEST = 6  # characters of a date


def velocity(ident: str, past: Sequence[Completed], so_far: Velocity) -> Chart:
    """Draw the latest sprints, oldest first, in points, or in items if no item has points."""
    past = past[-SHOWN:]
    in_points = any(sprint.points or sprint.committed_points for sprint in past)
    unit = "point" if in_points else "item"
    pairs = [(s.committed_points, s.points) if in_points else (s.committed_items, s.items) for s in past]
    middle = so_far.points if in_points else so_far.items
    y = Height(max([middle, *(value for pair in pairs for value in pair)]))
    chart = Chart(ident, "Velocity", ys=y.ticks())
    room = (RIGHT - LEFT) / max(len(past), 1)
    bar = min(room / 2 - 4, WIDEST)
    skip = 1 if room >= (LONGEST + 1) * LETTER else 2
    for place, (sprint, (committed, done)) in enumerate(zip(past, pairs, strict=True)):
        centre = LEFT + room * (place + 0.5)
        hint = f"{sprint.name}: {amount(done, unit)} done of {committed} committed"
        chart.shapes.append(
            Shape(box(centre - bar, y(committed), bar - 1, y(0)), stroke="soft", fill="soft", pale=True, hint=hint)
        )
        chart.shapes.append(Shape(box(centre + 1, y(done), bar - 1, y(0)), stroke="good", fill="good", hint=hint))
        if (len(past) - 1 - place) % skip == 0:
            chart.xs.append(Tick(number(centre), short(sprint.end_date)))
    chart.shapes.append(Shape(line([(LEFT, y(middle)), (RIGHT, y(middle))]), stroke="accent", dashed=True))
    chart.legend = [
        Key("Committed", stroke="soft", fill="soft", pale=True),
        Key("Done", stroke="good", fill="good"),
        Key("Median", stroke="accent", dashed=True),
    ]
    chart.columns = ["Sprint", "Ended", f"Committed {unit}s", f"Done {unit}s"]
    chart.rows = [
        [sprint.name, sprint.end_date.isoformat(), str(committed), str(done)]
        for sprint, (committed, done) in zip(past, pairs, strict=True)
    ]
    last = "the last sprint" if so_far.sprints == 1 else f"the last {so_far.sprints} sprints"
    chart.description = f"Velocity: {amount(middle, unit)}, the median of {last}."
    return chart

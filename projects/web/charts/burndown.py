"""A sprint's burndown: remaining work per day, the ideal line and the scope."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence

from projects.models.sprints.history import Standing
from projects.web.charts.drawing import Chart, Dates, Height, Key, Shape, amount, dots, line, number, short

MOST_DOTS = 31  # more daily dots would overlap


def burndown(
    ident: str, start: dt.date, end: dt.date, committed: tuple[int, int], history: Sequence[Standing]
) -> Chart:
    """Draw `history` in points, or in items if no item has points; `committed` is (points, items)."""
    in_points = bool(committed[0]) or any(then.all_points for then in history)
    unit, ideal_from = ("point", committed[0]) if in_points else ("item", committed[1])
    left = [(then.date, then.points if in_points else then.items) for then in history]
    scope = [(then.date, then.all_points if in_points else then.all_items) for then in history]
    first = max(start, history[0].date) if history else start
    x, y = Dates(first, end), Height(max([ideal_from, *(value for _, value in [*left, *scope])]))

    def ideal(day: dt.date) -> float:
        return ideal_from * (end - day).days / max((end - start).days, 1)

    chart = Chart(ident, "Burndown", xs=x.ticks(), ys=y.ticks())
    chart.description = _sentence(unit, start, end, ideal_from, left, scope)
    chart.columns = ["Day", f"{unit.capitalize()}s left", "Ideal", "In the sprint"]
    chart.rows = [
        [day.isoformat(), str(value), number(ideal(day)), str(all_of_it)]
        for (day, value), (_, all_of_it) in zip(left, scope, strict=True)
    ]
    chart.shapes.append(Shape(line([(x(first), y(ideal(first))), (x(end), y(0))]), stroke="soft", dashed=True))
    chart.legend = [Key("Left", stroke="accent"), Key("Ideal", stroke="soft", dashed=True)]
    if history:
        steps = _steps([(x(day), y(value)) for day, value in scope])
        chart.shapes.append(Shape(line(steps), stroke="violet"))
        chart.shapes.append(Shape(line([(x(day), y(value)) for day, value in left]), stroke="accent"))
        chart.legend.append(Key("In the sprint", stroke="violet"))
        if len(history) <= MOST_DOTS:
            chart.shapes += [_dot(x(day), y(value), f"{short(day)}: {amount(value, unit)} left") for day, value in left]
            chart.shapes += [
                _dot(x(day), y(value), f"{short(day)}: {value - before:+d}, now {amount(value, unit)}", "violet")
                for (_, before), (day, value) in itertools.pairwise(scope)
                if value != before
            ]
    return chart


def _steps(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return a step line."""
    found = [points[0]]
    for x, y in points[1:]:
        found += [(x, found[-1][1]), (x, y)]
    return found


def _dot(x: float, y: float, hint: str, colour: str = "accent") -> Shape:
    return Shape(dots([(x, y)]), stroke=colour, hint=hint, is_dots=True)


def _sentence(
    unit: str,
    start: dt.date,
    end: dt.date,
    committed: int,
    left: Sequence[tuple[dt.date, int]],
    scope: Sequence[tuple[dt.date, int]],
) -> str:
    if not left:
        return f"{amount(committed, unit)} planned from {short(start)} to {short(end)}; the sprint has not started."
    day, value = left[-1]
    summary = f"{amount(value, unit)} of {scope[-1][1]} left on {short(day)}"
    if day < end:
        summary += f", {max((end - day).days, 0)} days before the end"
    grown = scope[-1][1] - scope[0][1]
    if grown:
        summary += f"; the scope {'grew' if grown > 0 else 'shrank'} by {amount(abs(grown), unit)}"
    return summary + "."

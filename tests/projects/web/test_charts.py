"""Charts as numbers: all shapes lie in the box, and the description is right."""

from __future__ import annotations

import datetime as dt
import itertools
import re
import uuid
from typing import Any

import pytest
from django.template.loader import render_to_string
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects.models.sprints.history import COUNTED, Standing
from projects.models.sprints.velocity import Completed, velocity
from projects.web.charts import velocity as velocity_chart
from projects.web.charts.burndown import burndown
from projects.web.charts.drawing import HEIGHT, LETTER, WIDTH, Chart, Dates, Height
from projects.web.charts.flow import BANDS, flow

START = dt.date(2026, 1, 5)
COUNTS = st.integers(0, 100_000)


def standing(offset: int, points: int, more: int, counts: list[int]) -> Standing:
    statuses = dict(zip(COUNTED, counts, strict=True))
    items = sum(counts) - statuses["done"]
    return Standing(START + dt.timedelta(days=offset), points, items, points + more, sum(counts), statuses)


# A loaded machine may be slow to generate and to draw.
LOADED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
DAYS = st.lists(st.tuples(COUNTS, COUNTS, st.lists(COUNTS, min_size=6, max_size=6)), max_size=70)


def places(chart: Chart) -> list[float]:
    """Return all coordinates of a chart; fail if one is not a number or outside the box."""
    found = []
    for shape in chart.shapes:
        assert re.fullmatch(r"M[-0-9. LHVZM]+", shape.path), shape.path
        for command, rest in re.findall(r"([MLHV])([0-9. -]+)", shape.path):
            numbers = [float(text) for text in rest.split()]
            limits = {"H": [WIDTH], "V": [HEIGHT]}.get(command, [WIDTH, HEIGHT])
            assert len(numbers) == len(limits)
            assert all(0 <= number <= limit for number, limit in zip(numbers, limits, strict=True)), shape.path
            found += numbers
    assert all(0 <= float(tick.at) <= WIDTH for tick in chart.xs)
    assert all(0 <= float(tick.at) <= HEIGHT for tick in chart.ys)
    return found


def apart(chart: Chart) -> bool:
    """Return True if no two labels of the x-axis overlap."""
    return all(
        float(right.at) - float(left.at) >= LETTER * (len(left.text) + len(right.text)) / 2
        for left, right in itertools.pairwise(chart.xs)
    )


@LOADED
@given(length=st.integers(1, 500), committed=st.tuples(COUNTS, COUNTS), days=DAYS)
def test_all_shapes_stay_in_the_box(
    length: int, committed: tuple[int, int], days: list[tuple[int, int, list[int]]]
) -> None:
    end = START + dt.timedelta(days=length)
    history = [standing(offset, *values) for offset, values in enumerate(days[: length + 1])]
    for chart in (burndown("b", START, end, committed, history), flow("f", START, end, history)):
        assert not history or places(chart)
        assert apart(chart)
        assert chart.description.endswith(".")
        assert len(chart.rows) == len(history)
        assert all(len(row) == len(chart.columns) for row in chart.rows)
        assert "nan" not in render_to_string("pm/chart.html", {"chart": chart}).lower()


@LOADED
@given(st.lists(st.tuples(COUNTS, COUNTS, COUNTS, COUNTS), min_size=1, max_size=12))
def test_velocity_stays_in_the_box(sums: list[tuple[int, int, int, int]]) -> None:
    past = [Completed(uuid.UUID(int=n), f"S{n}", START + dt.timedelta(days=14 * n), *s) for n, s in enumerate(sums)]
    so_far = velocity(past)
    assert so_far is not None
    chart = velocity_chart.velocity("v", past, so_far)
    assert places(chart)
    assert apart(chart)
    assert [row[0] for row in chart.rows] == [sprint.name for sprint in past[-velocity_chart.SHOWN :]]


@pytest.mark.parametrize(("days", "labels"), [(1, 2), (6, 4), (13, 5), (59, 5), (400, 5)])
def test_dates_are_labelled_for_short_and_long_sprints(days: int, labels: int) -> None:
    ticks = Dates(START, START + dt.timedelta(days=days)).ticks()
    assert len(ticks) == labels
    assert ticks[0].text == ("Jan 2026" if days == 400 else "5 Jan")


@pytest.mark.parametrize(
    ("most", "labels"),
    [(0, ["0", "1"]), (1, ["0", "1"]), (4.5, ["0", "1", "2", "3", "4", "5"]), (35, ["0", "10", "20", "30", "40"])],
)
def test_axis_ends_with_a_round_number(most: float, labels: list[str]) -> None:
    assert [tick.text for tick in Height(most).ticks()] == labels


def day(offset: int, points: int, all_points: int, **counts: int) -> Standing:
    statuses = dict.fromkeys(COUNTED, 0) | counts
    items = sum(statuses.values())
    return Standing(START + dt.timedelta(days=offset), points, items - statuses["done"], all_points, items, statuses)


def test_burndown_describes_what_is_left_and_how_the_scope_grew() -> None:
    history = [day(0, 8, 8, todo=2), day(1, 5, 10, todo=2, done=1)]
    chart = burndown("b", START, START + dt.timedelta(days=4), (8, 2), history)
    assert chart.description == "5 points of 10 left on 6 Jan, 3 days before the end; the scope grew by 2 points."
    assert chart.columns == ["Day", "Points left", "Ideal", "In the sprint"]
    assert chart.rows == [["2026-01-05", "8", "8", "8"], ["2026-01-06", "5", "6", "10"]]
    assert [shape.hint for shape in chart.shapes if shape.hint] == [
        "5 Jan: 8 points left",
        "6 Jan: 5 points left",
        "6 Jan: +2, now 10 points",
    ]


def test_burndown_without_points_counts_items() -> None:
    history = [day(0, 0, 0, todo=2), day(1, 0, 0, todo=1, done=1)]
    chart = burndown("b", START, START + dt.timedelta(days=1), (0, 2), history)
    assert chart.columns[1] == "Items left"
    assert [row[1] for row in chart.rows] == ["2", "1"]


def test_future_sprint_shows_only_the_ideal_line() -> None:
    chart = burndown("b", START, START + dt.timedelta(days=13), (8, 2), [])
    assert chart.description == "8 points planned from 5 Jan to 18 Jan; the sprint has not started."
    assert len(chart.shapes) == 1
    assert flow("f", START, START + dt.timedelta(days=13), []).description == "The sprint has not started."


def test_flow_stacks_statuses_with_done_at_the_bottom() -> None:
    assert {status for status, _, _ in BANDS} == set(COUNTED)
    chart = flow("f", START, START + dt.timedelta(days=1), [day(0, 0, 0, todo=2, done=1)])
    assert chart.columns == ["Day", "Done", "To do"]
    assert [key.name for key in chart.legend] == ["To do", "Done"]
    assert chart.description == "1 done, 2 to do on 5 Jan."


def test_velocity_is_the_median_of_the_latest() -> None:
    def sprint(points: int, items: int) -> Completed:
        return Completed(uuid.uuid4(), "S", START, 9, 9, points, items)

    assert velocity([]) is None
    assert velocity([sprint(99, 99), *(sprint(n, 1) for n in (1, 50, 3, 4, 2))]) == (3, 1, 5)
    assert velocity([sprint(3, 1), sprint(4, 2)]) == (3.5, 1.5, 2)


def test_names_are_escaped() -> None:
    hostile = "<script>alert(1)</script>"
    past = [Completed(uuid.uuid4(), hostile, START, 1, 1, 1, 1)]
    so_far: Any = velocity(past)
    html = render_to_string("pm/chart.html", {"chart": velocity_chart.velocity("v", past, so_far)})
    assert hostile not in html
    assert html.count("&lt;script&gt;") == 3

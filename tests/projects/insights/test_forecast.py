"""The forecast: dates, what they assume, and how often they hold (a short back-test)."""

from __future__ import annotations

import datetime as dt

import pytest

from projects.insights.bootstrap import Weeks
from projects.insights.forecast import Share, forecast, missing_history
from projects.insights.throughput import per_week
from tests.forecast_backtest import Row, apart, tried
from tests.forecast_histories import MADE

TODAY = dt.date(2026, 6, 1)
STEADY = [2, 1, 3, 2, 2, 0, 0] * 8


def days(
    done: list[int], left: int, *, added: list[int] | None = None, share: Share | None = None, futures: int = 1000
) -> list[int | None]:
    found = forecast(done, left, TODAY, added=added or [], share=share, futures=futures)
    return [None if date is None else (date - TODAY).days for date in found.values()]


def test_dates_are_the_same_at_every_call_and_in_order() -> None:
    first = days(STEADY, 30)
    assert first == days(STEADY, 30)
    assert first == sorted(first, key=lambda day: day or 0)
    assert 14 <= (first[0] or 0) <= 28  # ten items a week


def test_nothing_left_is_done_today() -> None:
    assert days(STEADY, 0) == [0, 0, 0]


def test_more_work_growth_or_a_smaller_share_takes_longer() -> None:
    plain = days(STEADY, 20)[1] or 0
    assert (days(STEADY, 40)[1] or 0) > plain
    assert (days(STEADY, 20, added=[1, 0, 0] * 10)[1] or 0) > plain
    assert (days(STEADY, 20, share=Share(10, 40))[1] or 0) > 2 * plain


def test_scope_that_grows_faster_than_the_work_never_ends() -> None:
    assert days(STEADY, 20, added=[5] * 28, futures=50) == [None, None, None]


def test_pace_that_grows_ends_earlier_than_the_same_work_at_an_even_pace() -> None:
    growing = [day // 14 for day in range(112)]
    even = [round(sum(growing) / 112)] * 112
    assert (days(growing, 80)[1] or 0) < (days(even, 80)[1] or 0) / 1.5
    assert days(growing[::-1], 80)[1] is None or (days(growing[::-1], 80)[1] or 0) > 2 * (days(even, 80)[1] or 0)


def test_trend_of_noise_is_hardly_believed() -> None:
    noisy = [[3, 12, 5, 9, 4, 11, 6, 8], [8, 6, 11, 4, 9, 5, 12, 3]]
    trends = [Weeks([day for week in weeks for day in (week, 0, 0, 0, 0, 0, 0)]).trend for weeks in noisy]
    assert max(abs(trend) for trend, _ in trends) < 0.02
    assert all(0.02 < doubt < 0.05 for _, doubt in trends)


def test_shorter_history_gives_a_wider_range() -> None:
    short, long = days(STEADY[:14], 40), days([2, 1, 3, 2, 2, 0, 0] * 30, 40)
    assert (short[2] or 0) - (short[0] or 0) >= (long[2] or 0) - (long[0] or 0)


@pytest.mark.parametrize(
    ("done", "lacks"),
    [
        ([], "0 of 14 days and 0 of 10 completed items"),
        ([5] * 13, "13 of 14 days"),
        ([0] * 30, "0 of 10 completed items"),
        ([1] * 14, ""),
        ([1] * 30 + [0] * 55, ""),
        ([1] * 30 + [0] * 56, "nothing was completed in the last 8 weeks"),
    ],
)
def test_too_little_history_is_said(done: list[int], lacks: str) -> None:
    assert missing_history(done) == lacks


def test_weeks_begin_on_monday() -> None:
    weeks = per_week([1, 2, 3], dt.date(2026, 1, 3))  # a Saturday
    assert [(week.first.isoformat(), week.done) for week in weeks] == [("2025-12-29", 3), ("2026-01-05", 3)]


def test_most_dates_hold_in_a_short_backtest() -> None:
    """`python -m tests.forecast_backtest` prints the whole table; here a few histories of three kinds have to do."""
    from random import Random

    rows = [tried([make(Random(f"short {make.__name__}"))], 40, horizons=(20,)) for make in MADE[1:4]]
    count, held = sum(row.tried for row in rows), sum(row.held[85] for row in rows)
    assert count >= 50
    assert 0.7 <= held / count <= 0.98


def test_forecasts_that_overlap_are_one_case() -> None:
    assert apart([(10, 1), (12, 2), (20, 11), (30, 12), (40, 31)]) == 3
    low, high = Row("x", 100, {85: 92}, apart=7).interval(85)
    assert (round(low), round(high)) == (55, 99)
    low, high = Row("x", 100, {85: 92}, apart=700).interval(85)
    assert (round(low), round(high)) == (90, 94)

"""Times and durations as people write them."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from projects.client import grammar, times
from projects.client.resource import day, moment


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5m", 300), ("2H", 7200), ("3d", 259200), ("1w", 604800), ("2x", None), ("h", None)],
)
def test_duration_has_a_unit(text: str, seconds: int | None) -> None:
    assert times.duration(text) == seconds


def test_past_moment_is_a_duration_ago_or_a_day() -> None:
    assert seen("2h") - datetime.now(UTC) + timedelta(hours=2) < timedelta(seconds=5)
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    assert seen("today") == midnight
    assert timedelta(hours=22) < midnight - seen("yesterday") < timedelta(hours=26)
    for text in ("2026-01-31", "2026-01-31T12:00:00Z", "someday", "2h ago", ""):
        assert times.past(text) == text


def test_day_is_counted_from_today() -> None:
    today = time.strftime("%Y-%m-%d")
    assert times.day("today") == day("TODAY") == today
    assert day("3d") > day("tomorrow") > today > day("yesterday")
    assert [day(text) for text in ("2h", "someday", "2026-01-31")] == ["2h", "someday", "2026-01-31"]


def test_minutes_may_have_a_unit() -> None:
    assert [times.minutes(text) for text in ("90", "2h", "1d", "120s")] == [90, 120, 1440, 2]
    assert grammar.parse(grammar.find(["begin", "--lease", "4h"])).lease == 240
    with pytest.raises(Exception, match="less than a minute"):
        times.minutes("59s")


def test_numbers_are_seconds_since_1970() -> None:
    assert moment("1700000000") == 1700000000


def seen(text: str) -> datetime:
    options = grammar.parse(grammar.find(["work-item", "list", "--updated-since", text]))
    return datetime.fromisoformat(options.updated_since)

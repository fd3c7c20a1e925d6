"""The figures of the insights page and of `pm stats`, of one scope and the latest days."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from projects.insights.days import day_of
from projects.insights.throughput import Weekly, per_week
from projects.models.insights.completions import completions
from projects.models.insights.flow import Flow, flow
from projects.models.insights.recent import recent
from projects.models.insights.scope import Scope

DEFAULT_DAYS = 90
MOST_DAYS = 364


class Summary(NamedTuple):
    """What was completed on each day since `since`, by week, and the flow of the items."""

    since: dt.date
    daily: list[int]  # today included
    weeks: list[Weekly]
    flow: Flow

    @property
    def done(self) -> int:
        return sum(self.daily)


def summary(scope: Scope, zone: dt.tzinfo, now: dt.datetime, days: int = DEFAULT_DAYS) -> Summary:
    """Return the figures of the latest `days`, today included, or since the first completed item."""
    return recent(scope.items, now, ("summary", str(zone), days), lambda: _summary(scope, zone, now, days))


def _summary(scope: Scope, zone: dt.tzinfo, now: dt.datetime, days: int) -> Summary:
    first = day_of(now, zone) - dt.timedelta(days=days - 1)
    history = completions(scope.items, zone, now).latest(days - 1)
    daily = [*history.daily, history.today]
    since = max(first, history.first)
    return Summary(since, daily, per_week(daily, since), flow(scope.items, first, zone, now))

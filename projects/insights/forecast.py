"""Forecast when work will be done, by simulating many futures from the board's own history (Monte Carlo).

The seed is a digest of the input: the same history gives the same dates on every clone and at every reload.
`tests/forecast_backtest.py` measures how often the dates hold.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from projects.insights.bootstrap import WEEK, Weeks
from projects.insights.calibration import record

LEVELS = (50, 85, 95)  # percent of the futures that are done by the date
LEAST_DAYS, LEAST_DONE = 14, 10  # of history; less is too little
LEAST_IDLE = 8  # weeks without a completed item, after which the past says nothing about the future
LEAST_GROWTH = 14  # days of a scope, before which what is added still belongs to its plan
FUTURES = 1000
HORIZON = 260  # weeks; a future that is not done by then never is
NOTHING = 1e-9  # items


class Share(NamedTuple):
    """Of the items that the board completed lately, how many belong to what the forecast is about."""

    own: int
    all: int


def missing_history(done: Sequence[int]) -> str:
    """Return what the history lacks for a forecast, or ""; `done` are the items completed on each day."""
    if any(done) and (idle := idle_weeks(done)) >= LEAST_IDLE:
        return f"nothing was completed in the last {idle} weeks"
    lacks = []
    if len(done) < LEAST_DAYS:
        lacks.append(f"{len(done)} of {LEAST_DAYS} days")
    if sum(done) < LEAST_DONE:
        lacks.append(f"{sum(done)} of {LEAST_DONE} completed items")
    return " and ".join(lacks)


def idle_weeks(done: Sequence[int]) -> int:
    """Return in how many whole weeks up to yesterday nothing was completed."""
    latest = max((day for day, number in enumerate(done) if number), default=-1)
    return (len(done) - 1 - latest) // WEEK


def forecast(
    done: Sequence[int],
    remaining: int,
    today: dt.date,
    *,
    added: Sequence[int] = (),
    share: Share | None = None,
    futures: int = FUTURES,
) -> dict[int, dt.date | None]:
    """Return by which day 50, 85 and 95 percent of the futures are done; None is beyond the horizon.

    `done` are the items that the board completed on each day up to yesterday, sufficient by `missing_history`; `added`
    is by how many the scope grew on each day since work on it began; `share` is its part of the board's work, by
    default all.
    """
    if remaining <= 0:
        return dict.fromkeys(LEVELS, today)
    random = Random(_seed(done, remaining, added, share))  # noqa: S311 -- no secret
    weeks, growth = Weeks(done), Weeks(added) if len(added) >= LEAST_GROWTH and any(added) else None
    lengths = sorted(_days(random, weeks, growth, remaining, share) for _ in range(futures))
    past = record(random, done, added if growth else (), lengths[futures // 2], _is_enough)
    dates: dict[int, dt.date | None] = {}
    for level in LEVELS:
        days = lengths[math.ceil(futures * (1 - past.tail(1 - level / 100))) - 1]
        dates[level] = today + dt.timedelta(days=days) if days < HORIZON * WEEK else None
    return dates


def _is_enough(done: Sequence[int], added: Sequence[int]) -> bool:
    return not missing_history(done) and (not added or len(added) >= LEAST_GROWTH)


def _days(random: Random, weeks: Weeks, growth: Weeks | None, remaining: float, share: Share | None) -> int:
    """Return after how many days, today being 0, one future is done."""
    part = 1.0 if share is None else random.betavariate(share.own + 0.5, share.all - share.own + 0.5)
    future, pace = weeks.future(random), weeks.paces(random)
    grown = growth.future(random) if growth else None
    for number in range(HORIZON):
        total, days = next(future)
        more, more_days = next(grown) if grown else (0, ())
        factor = next(pace) * part
        if total * factor < remaining:
            remaining += more - total * factor
            continue
        for day in range(WEEK):
            remaining += (more_days[day] if more_days else 0) - days[day] * factor
            if remaining <= NOTHING:
                return number * WEEK + day
    return HORIZON * WEEK


def _seed(*values: object) -> int:
    return int.from_bytes(hashlib.sha256(repr(values).encode()).digest()[:8])

"""When items were completed: the history that throughput and forecasts are made of."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from projects.insights.days import day_of, start_of
from projects.insights.throughput import per_day
from projects.models.work_items.choices import Status
from projects.models.work_items.queries import WorkItemQuerySet

LONGEST = 364  # days


class Completions(NamedTuple):
    """The items completed on each day from `first` to yesterday, and today so far."""

    first: dt.date
    daily: list[int]
    today: int


def completions(items: WorkItemQuerySet, zone: dt.tzinfo, now: dt.datetime, days: int = LONGEST) -> Completions:
    """Return the history of `items` since work on the first of them began; runs one query."""
    today = day_of(now, zone)
    oldest = today - dt.timedelta(days=days)
    done = items.leaves().filter(status=Status.DONE, completed_at__gte=start_of(oldest, zone))
    rows = list(done.order_by().values_list("started_at", "completed_at"))
    ends = [day_of(end, zone) for _, end in rows if end is not None]
    begun = [day_of(start, zone) for start, _ in rows if start is not None]
    first = max(oldest, min([*begun, *ends], default=today))
    return Completions(first, per_day(ends, first, today - dt.timedelta(days=1)), sum(day >= today for day in ends))

"""When items were completed: the history that throughput and forecasts are made of."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import NamedTuple

from django.db.models import TextField
from django.db.models.functions import Cast, Coalesce

from projects.insights.days import day_of, start_of
from projects.models.insights.calendar import Calendar
from projects.models.insights.recent import recent
from projects.models.work_items.choices import Status
from projects.models.work_items.queries import WorkItemQuerySet

LONGEST = 364  # days


class Completions(NamedTuple):
    """The items completed on each day from `first` to yesterday, and today so far."""

    first: dt.date
    daily: list[int]
    today: int

    def latest(self, days: int) -> Completions:
        """Return the part of the last `days` before today."""
        left_out = max(len(self.daily) - days, 0)
        return self._replace(first=self.first + dt.timedelta(days=left_out), daily=self.daily[left_out:])


def completions(items: WorkItemQuerySet, zone: dt.tzinfo, now: dt.datetime) -> Completions:
    """Return the history of `items` since work on the first of them began, at most 52 weeks; runs two queries."""
    return recent(items, now, ("completions", str(zone)), lambda: _completions(items, zone, now))


def _completions(items: WorkItemQuerySet, zone: dt.tzinfo, now: dt.datetime) -> Completions:
    today = day_of(now, zone)
    oldest = today - dt.timedelta(days=LONGEST)
    done = items.leaves().filter(status=Status.DONE, completed_at__gte=start_of(oldest, zone))
    ends = Cast("completed_at", TextField())
    begun = Cast(Coalesce("started_at", "completed_at"), TextField())
    calendar = Calendar(oldest, today, zone)
    counts: Counter[int] = Counter()
    first = LONGEST
    for start, end in done.order_by().values_list(begun, ends):
        place = calendar.place(end)
        counts[place] += 1
        first = min(first, max(calendar.place(start), 0), place)
    return Completions(calendar.days[first], [counts[place] for place in range(first, LONGEST)], counts[LONGEST])

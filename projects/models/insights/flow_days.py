"""How many items waited, were in work and were done at the end of each day, from the dates of the items."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

from django.db.models import TextField
from django.db.models.functions import Cast, Coalesce

from projects.insights.days import day_of, span
from projects.models.insights.calendar import Calendar
from projects.models.insights.recent import recent
from projects.models.work_items.choices import Status
from projects.models.work_items.queries import WorkItemQuerySet


class FlowDay(NamedTuple):
    """The items at the end of a day, or now; an item that was set back to an earlier status counts by its dates."""

    date: dt.date
    waiting: int
    in_work: int
    done: int

    @property
    def total(self) -> int:
        return self.waiting + self.in_work + self.done


def flow_days(items: WorkItemQuerySet, first: dt.date, zone: dt.tzinfo, now: dt.datetime) -> list[FlowDay]:
    """Return the days since `first`, today last; runs one query. Cancelled items are left out."""
    return recent(items, now, ("flow_days", str(zone), first), lambda: _flow_days(items, first, zone, now))


def _flow_days(items: WorkItemQuerySet, first: dt.date, zone: dt.tzinfo, now: dt.datetime) -> list[FlowDay]:
    days = span(first, day_of(now, zone))
    calendar = Calendar(first, days[-1], zone)
    moments = [Cast(name, TextField()) for name in ("created_at", "completed_at")]
    begun = Cast(Coalesce("started_at", "completed_at"), TextField())
    rows = items.leaves().exclude(status=Status.CANCELLED).order_by().values_list(*moments, begun, "status")
    made: Counter[int] = Counter()
    started: Counter[int] = Counter()
    done: Counter[int] = Counter()
    for created, completed, start, status in rows:
        if status == Status.DONE and not completed:  # imported, without a date
            completed = start = created
        made[calendar.place(min(created, start or created))] += 1
        if start:
            started[calendar.place(start)] += 1
        if completed:
            done[calendar.place(completed)] += 1
    sums = (_sums(counts, len(days)) for counts in (made, started, done))
    return [
        FlowDay(day, all_made - all_started, all_started - all_done, all_done)
        for day, all_made, all_started, all_done in zip(days, *sums, strict=True)
    ]


def _sums(counts: Counter[int], length: int) -> Iterable[int]:
    """Return the sums up to each day; what was before the first day counts from the beginning."""
    return accumulate((counts[day] for day in range(1, length)), initial=counts[-1] + counts[0])

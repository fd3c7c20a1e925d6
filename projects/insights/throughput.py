"""How many items were completed on each day and in each week."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from projects.insights.days import span


class Weekly(NamedTuple):
    """The items completed in the seven days from `first`."""

    first: dt.date
    done: int


def per_day(days: Iterable[dt.date], first: dt.date, last: dt.date) -> list[int]:
    """Count the days from `first` to `last`, both included."""
    counts = Counter(days)
    return [counts[day] for day in span(first, last)]


def per_week(daily: Sequence[int], first: dt.date) -> list[Weekly]:
    """Sum the counts of the days since `first` by week from Monday to Sunday; the outer weeks may be partial."""
    sums: Counter[dt.date] = Counter()
    for number, count in enumerate(daily):
        day = first + dt.timedelta(days=number)
        sums[day - dt.timedelta(days=day.weekday())] += count
    return [Weekly(monday, done) for monday, done in sorted(sums.items())]

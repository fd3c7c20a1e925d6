"""Find the days of many moments quickly: as texts, without making each a datetime."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right

from projects.insights.days import span, start_of
from projects.models.prepared_queries import stored


class Calendar:
    """The days from `first` to `last` in a time zone."""

    def __init__(self, first: dt.date, last: dt.date, zone: dt.tzinfo) -> None:
        self.days = span(first, last)
        self.starts: list[str] = [stored(start_of(day, zone)) for day in self.days]

    def place(self, moment: str) -> int:
        """Return the number of the day of a moment, as the database stores it; -1 before the first day."""
        return bisect_right(self.starts, moment) - 1

"""Days in a person's time zone."""

from __future__ import annotations

import datetime as dt
import functools
from zoneinfo import ZoneInfo

UTC = "UTC"


@functools.lru_cache(maxsize=64)
def read_zone(name: str) -> ZoneInfo | None:
    """Return the time zone of this name, such as Europe/Berlin; None if there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError):  # not found is an OSError or a KeyError, a path outside of the data a ValueError
        return None
    except KeyError:
        return None


def day_of(moment: dt.datetime, zone: dt.tzinfo) -> dt.date:
    """Return the day on which the moment was in this zone."""
    return moment.astimezone(zone).date()


def start_of(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    """Return the moment at which the day begins in this zone, in UTC."""
    return dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)


def span(first: dt.date, last: dt.date) -> list[dt.date]:
    """Return the days from `first` to `last`, both included."""
    return [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]

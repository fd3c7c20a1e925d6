"""The current day: in the browser's time zone for a page, else in the machine's."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from zoneinfo import ZoneInfo

LOCAL_ZONE = Path("/etc/localtime")
_zone: ContextVar[dt.tzinfo | None] = ContextVar("zone", default=None)


def today() -> dt.date:
    return dt.datetime.now(_zone.get() or machine_zone()).date()


@contextmanager
def in_zone(zone: dt.tzinfo | None) -> Iterator[None]:
    """Let days be those of `zone`; None for the machine's."""
    token = _zone.set(zone)
    try:
        yield
    finally:
        _zone.reset(token)


@functools.cache
def machine_zone(path: Path = LOCAL_ZONE) -> dt.tzinfo:
    """Return the time zone of the machine; UTC if it has none. Django sets that of the process to UTC."""
    try:
        with path.open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError):
        return dt.UTC

"""The time zone of the person who looks at a page: the browser sends it in a cookie.

Cookies ignore ports, so the boards of all repositories share it. Until the script has set it, days are those of UTC.
"""

from __future__ import annotations

from urllib.parse import unquote
from zoneinfo import ZoneInfo

from django.http import HttpRequest

from projects.insights.days import UTC, read_zone

COOKIE = "pm_zone"
MAX_LENGTH = 64


def browser_zone(request: HttpRequest) -> ZoneInfo | None:
    """Return the time zone that the browser sent, if it did."""
    name = unquote(request.COOKIES.get(COOKIE, ""))[:MAX_LENGTH]
    return read_zone(name) if name else None


def zone_of(request: HttpRequest) -> ZoneInfo:
    """Return the browser's time zone; UTC if it is not known."""
    return browser_zone(request) or ZoneInfo(UTC)

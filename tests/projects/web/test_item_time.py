"""Time entries on an item's page across DST changes, without a browser."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from projects.models import TimeEntry, WorkItem
from tests.projects.web.test_item_edit import error, post

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]

# The zone, what is typed, the end in UTC.
OVER_A_CHANGE = [
    ("Europe/Berlin", "8h", "2025-03-30T08:00", "2025-03-30T06:00Z"),
    ("Europe/Berlin", "3h", "2025-10-26T04:00", "2025-10-26T03:00Z"),
    ("America/New_York", "3h", "2025-03-09T04:00", "2025-03-09T08:00Z"),
    ("America/New_York", "3h", "2025-11-02T04:00", "2025-11-02T09:00Z"),
    ("Australia/Sydney", "5h", "2025-10-05T05:00", "2025-10-04T18:00Z"),
    ("Australia/Lord_Howe", "3h", "2025-04-06T03:00", "2025-04-05T16:30Z"),  # half an hour
    ("Europe/Berlin", "24h", "2025-10-26T12:00", "2025-10-26T11:00Z"),
]
# A skipped or ambiguous end uses the offset before the change.
AT_A_CHANGE = [
    ("Europe/Berlin", "1h", "2025-03-30T02:30", "2025-03-30T01:30Z"),
    ("Europe/Berlin", "2h", "2025-10-26T02:30", "2025-10-26T00:30Z"),
    ("America/New_York", "1h", "2025-11-02T01:30", "2025-11-02T05:30Z"),
]


@pytest.mark.parametrize(("zone", "spent", "until", "end"), [*OVER_A_CHANGE, *AT_A_CHANGE])
def test_manual_time_keeps_its_duration_across_a_dst_change(
    zone: str, spent: str, until: str, end: str, browser: Client, make_item: Make
) -> None:
    data = {"id": uuid.uuid4().hex, "zone": zone, "spent": spent, "ended_at": until}
    assert post(browser, make_item(), "time", **data).status_code == 200
    entry = TimeEntry.objects.get()
    hours = int(spent.removesuffix("h"))
    assert (entry.ended_at, entry.duration_seconds) == (datetime.fromisoformat(end), hours * 3600)
    assert f'id="h-time">Time <span class="count">{hours} h 00 min<' in browser.get("/items/PONE-1/").content.decode()


@pytest.mark.parametrize("day", ["2025-03-30", "2025-10-26"])
def test_entries_of_a_day_that_is_not_24_hours_long_add_up(day: str, browser: Client, make_item: Make) -> None:
    item = make_item()
    for spent, until in (("4h", "04:00"), ("2h", "12:00"), ("8h", "23:00")):
        data = {"id": uuid.uuid4().hex, "zone": "Europe/Berlin", "spent": spent, "ended_at": f"{day}T{until}"}
        assert post(browser, item, "time", **data).status_code == 200
    assert 'class="count">14 h 00 min<' in browser.get("/items/PONE-1/").content.decode()


def test_end_with_an_offset_is_exact(browser: Client, make_item: Make) -> None:
    data = {"id": uuid.uuid4().hex, "zone": "Europe/Berlin", "spent": "1h", "ended_at": "2025-07-01T12:00+09:00"}
    assert post(browser, make_item(), "time", **data).status_code == 200
    assert TimeEntry.objects.get().ended_at == datetime.fromisoformat("2025-07-01T03:00Z")


@pytest.mark.parametrize(
    ("zone", "until"),
    [
        ("UTC", "0001-01-01T00:30"),
        ("Europe/Berlin", "0001-01-01T00:30"),
        ("America/New_York", "9999-12-31T23:59"),
    ],
)
def test_end_at_the_edge_of_the_calendar_is_refused(zone: str, until: str, browser: Client, make_item: Make) -> None:
    data = {"id": uuid.uuid4().hex, "zone": zone, "spent": "1h", "ended_at": until}
    assert error(post(browser, make_item(), "time", **data), 400)
    assert not TimeEntry.objects.exists()

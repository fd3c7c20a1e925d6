"""What is overdue depends on the day, which is that of the person on a page and that of the machine elsewhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from rest_framework.test import APIClient

from projects.models import WorkItem
from projects.today import in_zone, machine_zone, today

EARLIEST, LATEST = ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Etc/GMT+12")  # their days differ at each moment


def test_today_is_that_of_the_zone() -> None:
    for zone in (EARLIEST, LATEST):
        with in_zone(zone):
            assert today() == dt.datetime.now(zone).date()
    assert today() == dt.datetime.now(machine_zone()).date()


def test_zone_of_the_machine_is_read_from_its_file(tmp_path: Path) -> None:
    assert machine_zone(tmp_path / "none") == dt.UTC
    (tmp_path / "bad").write_bytes(b"no zone")
    assert machine_zone(tmp_path / "bad") == dt.UTC


@pytest.mark.django_db
def test_overdue_on_a_page_is_that_of_the_browser(browser: Client, make_item: Callable[..., WorkItem]) -> None:
    make_item("Due", due_date=dt.datetime.now(LATEST).date())  # over in Kiritimati, where it is a later day
    shown = {}
    for zone in (EARLIEST, LATEST):
        browser.cookies["pm_zone"] = zone.key.replace("/", "%2F")
        paths = ("/board/PONE/", "/list/PONE/", "/items/PONE-1/", "/list/PONE/?deadline=overdue")
        pages = [browser.get(path).content.decode() for path in paths]
        shown[zone] = [
            "Overdue since" in pages[0],
            "overdue since" in pages[1],
            '<span class="stop">overdue</span>' in pages[2],
            'id="row-PONE-1"' in pages[3],
        ]
    assert shown == {EARLIEST: [True] * 4, LATEST: [False] * 4}


@pytest.mark.django_db
def test_overdue_of_a_list_is_that_of_the_machine(api: APIClient, make_item: Callable[..., WorkItem]) -> None:
    make_item("Due", due_date=today() - dt.timedelta(days=1))
    make_item("Not yet", due_date=today())
    found = api.get("/api/v1/work-items/", {"overdue": "true"}).json()["results"]
    assert [row["display_key"] for row in found] == ["PONE-1"]

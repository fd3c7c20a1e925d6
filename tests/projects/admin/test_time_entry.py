from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from projects.models import Activity, TimeEntry, User

pytestmark = pytest.mark.django_db
LIST = "/admin/projects/timeentry/"
NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)
Make = Callable[..., Any]


def times(start: str = "09:00:00", end: str = "10:30:00", day: str = "2026-01-05") -> dict[str, str]:
    both = {"started_at_0": day, "started_at_1": start}
    return {**both, **({"ended_at_0": day, "ended_at_1": end} if end else {"ended_at_0": "", "ended_at_1": ""})}


@pytest.fixture
def entry(make_item: Make, user: User) -> TimeEntry:
    """An hour of ada on PONE-1."""
    made = TimeEntry(work_item=make_item("Worked on"), user=user, started_at=NINE, ended_at=NINE + timedelta(hours=1))
    made.insert(actor=user)
    return made


def page(entry: TimeEntry) -> str:
    return f"{LIST}{entry.pk}/change/"


def run(browser: Client, action: str, *entries: TimeEntry, **parameters: str) -> str:
    data = {"action": action, "_selected_action": [str(entry.pk) for entry in entries]}
    response = browser.post(LIST, data, query_params=parameters)
    return browser.get(response["Location"]).content.decode()


def test_list_shows_durations_and_filters(browser: Client, entry: TimeEntry, make_item: Make, user: User) -> None:
    TimeEntry.objects.start(make_item("Running"), actor=user)
    content = browser.get(LIST).content.decode()
    assert ">1:00:00<" in content
    assert ">running<" in content

    def shown(**parameters: str) -> set[str]:
        content = browser.get(LIST, parameters).content.decode()
        return {key for key in ("PONE-1", "PONE-2") if f">{key}</a>" in content}

    assert shown() == {"PONE-1", "PONE-2"}
    assert shown(q="pone-1") == shown(q="worked") == shown(ended_at__isempty="0") == {"PONE-1"}
    assert shown(ended_at__isempty="1") == {"PONE-2"}


def test_added_entry_belongs_to_the_user(browser: Client, make_item: Make, owner: User) -> None:
    data = {"work_item": str(make_item().pk), "description": "x", "user": "1", **times()}
    assert browser.post(f"{LIST}add/", data).status_code == 302
    entry = TimeEntry.objects.get()
    assert (entry.user, entry.created_by, entry.duration_seconds) == (owner, owner, 5400)
    assert Activity.objects.latest("id").actor == owner


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (times(end="09:00:00"), "must be after started_at"),
        (times() | {"ended_at_0": "2026-01-07"}, "at most 24 hours"),
        (times(day="2126-01-05"), "must not be in the future"),
        (times(day="2126-01-05", end=""), "must not be in the future"),
        ({"started_at_0": "soon"}, "valid date"),
        ({"description": "d" * 1001}, "at most 1000"),
    ],
)
def test_invalid_entry_is_not_added(browser: Client, make_item: Make, values: dict[str, str], message: str) -> None:
    data = {"work_item": str(make_item().pk), "description": "", **times(), **values}
    response = browser.post(f"{LIST}add/", data)
    assert response.status_code == 200
    assert message in response.content.decode()
    assert not TimeEntry.objects.exists()


def test_second_timer_is_not_added(browser: Client, make_item: Make, owner: User) -> None:
    item = make_item()
    data = {"work_item": str(item.pk), "description": "", **times(end="")}
    assert browser.post(f"{LIST}add/", data).status_code == 302
    assert "already has a running timer" in browser.post(f"{LIST}add/", data).content.decode()
    assert TimeEntry.objects.running(owner).count() == 1


def test_saved_entry_is_written_by_the_model(browser: Client, entry: TimeEntry, owner: User) -> None:
    data = {"description": "", **times(), "expected_version": entry.version}
    assert browser.post(page(entry), data).status_code == 302
    entry.refresh_from_db()
    assert (entry.duration_seconds, entry.user.username, entry.updated_by) == (5400, "ada", owner)
    assert [change["field"] for change in Activity.objects.latest("id").changes] == ["ended_at"]
    assert "ada updated" not in browser.post(page(entry), data | {"description": "Mine"}).content.decode()
    entry.refresh_from_db()
    assert entry.description == ""
    refused = browser.post(page(entry), data | times(end="") | {"expected_version": entry.version})
    assert "can&#x27;t be cleared" in refused.content.decode()


def test_timers_are_stopped(browser: Client, entry: TimeEntry, user: User) -> None:
    started, _ = TimeEntry.objects.start(entry.work_item, actor=user)
    content = run(browser, "stop", started, entry)
    assert "1 stopped, 1 refused." in content
    assert "he timer on PONE-1 was stopped at 2026-01-05T10:00:00Z" in content
    assert not TimeEntry.objects.running().exists()


def test_delete_and_restore(browser: Client, entry: TimeEntry) -> None:
    assert "1 deleted." in run(browser, "delete_selected", entry)
    assert "1 restored." in run(browser, "restore", entry, deleted="yes")


@pytest.mark.slow
@pytest.mark.parametrize("path", ["", "change", "add"])
def test_query_count_is_constant(browser: Client, entry: TimeEntry, make_item: Make, user: User, path: str) -> None:
    counts = []
    for number in range(30):
        actor = User.objects.actor(f"user {number}")
        TimeEntry.objects.start(make_item(), actor=actor)
        entry.update(actor=user, description=f"D{number}")
        if number in (2, 29):
            with CaptureQueriesContext(connection) as queries:
                url = {"": LIST, "change": page(entry), "add": f"{LIST}add/"}[path]
                assert browser.get(url).status_code == 200
            counts.append(len(queries))
    assert counts[1] <= counts[0] <= 8  # the later history names nothing but texts


@pytest.mark.parametrize(("day", "hours"), [("2025-03-30", 7), ("2025-10-26", 9)])
def test_local_times_across_a_dst_change_keep_the_duration(
    day: str, hours: int, browser: Client, make_item: Make
) -> None:
    data = {"work_item": str(make_item().pk), **times("00:00:00", "08:00:00", day)}
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert browser.post(f"{LIST}add/", data).status_code == 302
        assert f">{hours}:00:00<" in browser.get(LIST).content.decode()


def test_skipped_or_ambiguous_local_time_is_refused(browser: Client, make_item: Make) -> None:
    for day in ("2025-03-30", "2025-10-26"):
        data = {"work_item": str(make_item().pk), **times("00:00:00", "02:30:00", day)}
        with timezone.override(ZoneInfo("Europe/Berlin")):
            assert "may be ambiguous" in browser.post(f"{LIST}add/", data).content.decode()
    assert not TimeEntry.objects.exists()

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from projects.models import Activity, TimeEntry, User
from projects.models.exceptions import Conflict, NotYours
from tests.projects.conftest import bearer
from tests.projects.threads import at_once

Make = Callable[..., Any]
BERLIN = ZoneInfo("Europe/Berlin")
NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.mark.django_db
def test_timer_started_in_the_future_is_refused(make_item: Make, user: User) -> None:
    entry = TimeEntry(work_item=make_item(), user=user, started_at=timezone.now() + timedelta(hours=1))
    with pytest.raises(ValidationError, match="must not be in the future"):
        entry.insert(actor=user)


@pytest.mark.django_db
def test_timer_ends_at_its_start_if_the_clock_was_set_back(make_item: Make, user: User) -> None:
    entry, _ = TimeEntry.objects.start(make_item(), actor=user)
    TimeEntry.objects.update(started_at=timezone.now() + timedelta(hours=1))
    entry = TimeEntry.objects.select_related("work_item__project").get()
    entry.stop(actor=user)
    assert entry.duration_seconds == 0


@pytest.mark.django_db
def test_second_timer_by_insert_is_a_conflict(make_item: Make, user: User) -> None:
    item = make_item()
    TimeEntry.objects.start(item, actor=user)
    with pytest.raises(Conflict, match="ada already has a running timer"):
        TimeEntry(work_item=item, user=user, started_at=NINE).insert(actor=user)


@pytest.mark.django_db
def test_database_refuses_a_second_timer_and_an_end_before_the_start(make_item: Make, user: User) -> None:
    item = make_item()
    TimeEntry.objects.start(item, actor=user)
    ended = TimeEntry(work_item=item, user=user, started_at=NINE, ended_at=NINE + timedelta(hours=1))
    ended.insert(actor=user)
    for values in ({"ended_at": None}, {"ended_at": NINE - timedelta(seconds=1)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            TimeEntry.objects.filter(pk=ended.pk).update(**values)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [("2025-03-30T00:00", "2025-03-30T08:00", 7), ("2025-10-26T01:00", "2025-10-26T04:00", 4)],
)
def test_duration_across_a_dst_change_is_real_time(
    start: str, end: str, hours: int, make_item: Make, user: User
) -> None:
    begin, until = (datetime.fromisoformat(text).replace(tzinfo=BERLIN) for text in (start, end))
    entry = TimeEntry(work_item=make_item(), user=user, started_at=begin, ended_at=until)
    assert entry.duration_seconds == hours * 3600
    entry.insert(actor=user)
    assert TimeEntry.objects.get().duration_seconds == hours * 3600


@pytest.mark.django_db
def test_limit_of_24_hours_is_real_time_across_a_dst_change(make_item: Make, user: User) -> None:
    begin, until = datetime(2025, 10, 25, 12, tzinfo=BERLIN), datetime(2025, 10, 26, 12, tzinfo=BERLIN)
    with pytest.raises(ValidationError, match="at most 24 hours"):
        TimeEntry(work_item=make_item(), user=user, started_at=begin, ended_at=until).insert(actor=user)
    begin, until = datetime(2025, 3, 29, 12, 30, tzinfo=BERLIN), datetime(2025, 3, 30, 13, tzinfo=BERLIN)
    TimeEntry(work_item=make_item(), user=user, started_at=begin, ended_at=until).insert(actor=user)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("spent", "message"),
    [
        (timedelta(hours=24), None),
        (timedelta(hours=24, seconds=1), "must be at most 24 hours after started_at"),
        (timedelta(0), "must be after started_at"),
        (timedelta(seconds=-1), "must be after started_at"),
    ],
    ids=str,
)
def test_entry_takes_more_than_nothing_and_at_most_24_hours(
    make_item: Make, user: User, spent: timedelta, message: str | None
) -> None:
    item = make_item()
    stored = TimeEntry(work_item=item, user=user, started_at=NINE, ended_at=NINE + timedelta(hours=1))
    stored.insert(actor=user)
    new = TimeEntry(work_item=item, user=user, started_at=NINE, ended_at=NINE + spent)
    for write in (lambda: new.insert(actor=user), lambda: stored.update(actor=user, ended_at=NINE + spent)):
        if message is None:
            write()
            continue
        with pytest.raises(ValidationError) as caught:
            write()
        assert caught.value.message_dict == {"ended_at": [message]}


@pytest.mark.django_db
def test_entry_does_not_end_in_the_future(make_item: Make, user: User) -> None:
    now = timezone.now()
    entry = TimeEntry(work_item=make_item(), user=user, started_at=now, ended_at=now + timedelta(hours=1))
    with pytest.raises(ValidationError) as caught:
        entry.insert(actor=user)
    assert caught.value.message_dict == {"ended_at": ["must not be in the future"]}


@pytest.mark.django_db
def test_timer_that_ran_for_more_than_24_hours_can_be_stopped(make_item: Make, user: User) -> None:
    TimeEntry(work_item=make_item(), user=user, started_at=NINE).insert(actor=user)
    entry = TimeEntry.objects.select_related("work_item__project").get()
    with pytest.raises(ValidationError, match="must not be before started_at"):
        entry.update(actor=user, ended_at=NINE - timedelta(seconds=1))
    entry.stop(actor=user)
    assert entry.duration_seconds is not None
    assert entry.duration_seconds > timedelta(hours=24).total_seconds()


@pytest.mark.django_db
def test_stopped_timer_is_not_started_again(make_item: Make, user: User) -> None:
    entry, _ = TimeEntry.objects.start(make_item(), actor=user)
    entry.stop(actor=user)
    with pytest.raises(Conflict, match="the timer on PONE-1 was stopped at"):
        entry.stop(actor=user)
    with pytest.raises(ValidationError) as caught:
        entry.update(actor=user, ended_at=None)
    assert caught.value.message_dict == {"ended_at": ["can't be cleared; start a new timer"]}


@pytest.mark.django_db
def test_only_its_owner_or_a_superuser_changes_an_entry(make_item: Make, user: User, owner: User) -> None:
    entry, _ = TimeEntry.objects.start(make_item(), actor=user)
    eve = User.objects.actor("eve")
    for write in (
        lambda: entry.update(actor=eve, description="Mine"),
        lambda: entry.stop(actor=eve),
        lambda: entry.soft_delete(actor=eve),
        lambda: entry.restore(actor=eve),
    ):
        with pytest.raises(NotYours, match="only its owner ada or a superuser may change this time entry"):
            write()
    assert entry.update(actor=owner, description="Fixed")


@pytest.mark.django_db
def test_start_and_stop_are_logged(make_item: Make, user: User) -> None:
    item = make_item()
    TimeEntry.objects.start(item, actor=user)
    TimeEntry.objects.start(item, actor=user)
    rows = Activity.objects.filter(entity_type="time_entry").order_by("id")
    assert [(row.action, row.display_key) for row in rows] == [
        *(("created", "PONE-1"), ("updated", "PONE-1"), ("created", "PONE-1"))
    ]
    assert [change["field"] for change in rows[1].changes] == ["ended_at"]


@pytest.mark.django_db(transaction=True)
def test_concurrent_starts_leave_one_running_timer(running: Any, make_item: Make) -> None:
    for _ in range(8):
        make_item()
    answers = at_once(
        8, lambda number: bearer().post("/api/v1/time-entries/start/", {"work_item": f"PONE-{number + 1}"})
    )
    assert {answer.status_code for answer in answers} == {201}
    assert TimeEntry.objects.count() == 8
    assert TimeEntry.objects.running().count() == 1
    # Each timer but the first stopped the previous one.
    stopped = [answer.json()["stopped_entry"] for answer in answers]
    assert len({entry["id"] for entry in stopped if entry}) == 7
    assert stopped.count(None) == 1


@pytest.mark.django_db
def test_archiving_a_project_stops_its_timers(make_item: Make, make_project: Make, user: User) -> None:
    item, elsewhere = make_item(), make_item(project=make_project("TWO"))
    eve = User.objects.actor("eve")
    TimeEntry.objects.start(item, actor=eve)
    other, _ = TimeEntry.objects.start(elsewhere, actor=user)
    item.project.archive(actor=user)
    assert TimeEntry.objects.running().get() == other
    stopped = Activity.objects.filter(entity_type="time_entry", display_key=item.display_key).latest("id")
    assert (stopped.actor, [change["field"] for change in stopped.changes]) == (user, ["ended_at"])
    _, before = TimeEntry.objects.start(elsewhere, actor=eve)
    assert before is None

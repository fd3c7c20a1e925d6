"""Changes of a clone that do not count wait for a person of this clone, and of no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from projects.models import LostChange, WorkItem
from projects.models.news import Reader, last_id
from tests.projects.sync.clones import BoardClone, Log, assert_equal, joined_pair
from tests.projects.sync.scripts import clock

Make = Callable[[str], BoardClone]


def lost() -> list[tuple[str, object]]:
    """Return the author and the new value of each change that waits."""
    rows = LostChange.objects.filter(seen_at=None).select_related("activity__actor")
    return [(row.activity.actor.username, row.activity.changes[0]["new"]) for row in rows]


def test_earlier_text_that_loses_waits_for_its_author(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with bob:
        WorkItem.objects.get().update(actor=bob.user, description="Of Bob")
    with ada:
        WorkItem.objects.get().update(actor=ada.user, description="Of Ada")
        ada.sync(log)
    with bob:
        bob.fetch(log)
        assert lost() == [("bob", "Of Bob")]
        LostChange.objects.update(seen_at="2030-01-31T12:00Z")
    assert_equal(log, bob, ada)
    for clone in (ada, bob):
        with clone:
            assert lost() == []


def test_published_text_that_a_later_one_replaces_unseen_waits_for_its_author(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        WorkItem.objects.get().update(actor=ada.user, description="Of Ada", priority="high")
        ada.sync(log)
    with bob, clock(timedelta(minutes=1)):
        WorkItem.objects.get().update(actor=bob.user, description="Of Bob", priority="low")
    assert_equal(log, bob, ada)
    with ada:
        assert lost() == [("ada", "Of Ada")]
        WorkItem.objects.get().update(actor=ada.user, description="Of both")
    assert_equal(log, ada, bob)
    with bob:
        assert WorkItem.objects.get().description == "Of both"
        assert lost() == []  # who replaced it had seen it


def test_change_that_holds_after_all_waits_no_longer(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        WorkItem.objects.get().update(actor=ada.user, priority="high")
        ada.sync(log)
    with bob, clock(timedelta(minutes=1)):
        WorkItem.objects.get().update(actor=bob.user, priority="low")
    assert_equal(log, bob, ada)
    for clone in (ada, bob):
        with clone:
            assert lost() == []


def test_change_that_does_not_count_is_news_to_who_had_seen_everything(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada, clock(timedelta(minutes=1)):
        WorkItem.objects.get().update(actor=ada.user, status="in_progress")
        ada.sync(log)
    with bob:
        WorkItem.objects.get().update(actor=bob.user, status="done")
        reader, seen = Reader(bob.user, None), last_id()
        bob.sync(log)
        (change,) = reader.conflicts(seen, newest := last_id())
        assert (change.standing, change.actor.username) == ("superseded", "bob")
        assert [row.actor.username for row in reader.unread(seen, newest, 10)] == ["ada"]
        assert not reader.conflicts(newest, newest).exists()
    with ada:
        seen = last_id()
        ada.sync(log)
        (change,) = Reader(ada.user, None).unread(seen, last_id(), 10)
        assert (change.standing, change.actor.username) == ("superseded", "bob")


def test_published_text_that_loses_is_news_to_its_author(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        WorkItem.objects.get().update(actor=ada.user, description="Of Ada")
        ada.sync(log)
        seen = last_id()
    with bob, clock(timedelta(minutes=1)):
        WorkItem.objects.get().update(actor=bob.user, description="Of Bob")
        bob.sync(log)
    with ada:
        ada.sync(log)
        (change,) = Reader(ada.user, None).conflicts(seen, last_id())
        assert change.changes[0]["new"] == "Of Ada"

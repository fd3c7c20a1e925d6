"""Undo a change that another clone made."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from projects.models import Activity, WorkItem
from projects.models.edits import undo
from projects.models.exceptions import Conflict, StaleVersion
from tests.projects.sync.clones import BoardClone, Log, assert_equal, joined_pair, sync_both

Make = Callable[[str], BoardClone]


def newest(**wanted: str) -> Activity:
    found = Activity.objects.filter(**wanted).order_by("-id").first()
    assert found is not None
    return found


def test_change_of_another_clone_is_undone(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        WorkItem.objects.get().update(actor=ada.user, title="Renamed", labels=["one"])
    sync_both(log, ada, bob)
    with bob:
        undo(newest(actor__username="ada", action="updated"), actor=bob.user)
        assert WorkItem.objects.get().title == "First"
    assert_equal(log, bob, ada)
    with ada:
        item = WorkItem.objects.get()
        assert (item.title, item.labels) == ("First", [])
        assert newest().actor.username == "bob"
        undo(newest(actor__username="bob"), actor=ada.user)
    assert_equal(log, ada, bob)
    with bob:
        assert WorkItem.objects.get().title == "Renamed"


def test_deletion_by_another_clone_is_undone(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        WorkItem.objects.get().soft_delete(actor=ada.user)
    sync_both(log, ada, bob)
    with bob:
        undo(newest(action="deleted"), actor=bob.user)
    assert_equal(log, bob, ada)
    with ada:
        assert WorkItem.objects.living().get().title == "First"


def test_undo_of_what_another_clone_changed_meanwhile_loses_nothing(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        WorkItem.objects.get().update(actor=ada.user, title="Renamed")
    sync_both(log, ada, bob)
    with bob:
        undo(newest(actor__username="ada", action="updated"), actor=bob.user)
    with ada:
        WorkItem.objects.get().update(actor=ada.user, title="Again", priority="high")
        ada.sync(log)
    assert_equal(log, bob, ada)
    with bob:
        item = WorkItem.objects.get()
        assert (item.title, item.priority) == ("Again", "high")
        lost = newest(standing="superseded")
        assert (lost.actor.username, lost.changes[0]["new"]) == ("bob", "First")
        item.update(actor=bob.user, title="First")
        with pytest.raises(Conflict, match="is superseded: there is nothing to undo"):
            undo(lost, actor=bob.user)
        with pytest.raises(StaleVersion):
            undo(newest(actor__username="ada", action="updated"), actor=bob.user)

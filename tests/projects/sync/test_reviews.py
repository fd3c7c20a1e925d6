"""Reviews, waivers and policies on two clones."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from projects.models import Activity, Project, Review, User, Waiver, WorkItem
from projects.models.review import accept, send_back
from projects.models.sync import SyncIndex
from tests.projects.sync.clones import BoardClone, Log, assert_equal, joined_pair, sync_both
from tests.projects.sync.scripts import clock

Make = Callable[[str], BoardClone]


def the_item() -> WorkItem:
    return WorkItem.objects.select_related("project").get()


def hand_in(clone: BoardClone) -> None:
    Project.objects.get().update(actor=clone.user, review_policy="required")
    the_item().update(actor=User.objects.actor("claude"), status="done", close_reason="3 tests pass")


def test_later_decision_of_a_review_wins_and_the_other_is_visible(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        hand_in(ada)
    sync_both(log, ada, bob)
    with ada:
        accept(the_item(), actor=ada.user, text="Good")
        ada.sync(log)
    with bob, clock(timedelta(minutes=1)):
        send_back(the_item(), actor=bob.user, text="Test the empty list")  # later, and unseen
    assert_equal(log, bob, ada)
    for clone in (ada, bob):
        with clone:
            review, item = Review.objects.get(), the_item()
            assert (review.verdict, review.decided_by, review.answer) == ("sent_back", bob.user, "Test the empty list")
            assert (item.status, item.closing, item.evidence) == ("in_progress", None, "")
            verdicts = Activity.objects.of(review).filter(action="updated").values_list("changes", flat=True)
            assert any("accepted" in str(changes) for changes in verdicts)


def test_waiver_and_evidence_travel_and_agents_of_other_clones_are_taken_as_history(
    make_board_clone: Make, log: Log
) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        hand_in(ada)
        Waiver.objects.create(actor=ada.user, work_item=the_item(), reason="No machine")
        ada.sync(log)
    with bob:
        bob.sync(log)
        assert Project.objects.get().review_policy == "required"
        assert Waiver.objects.get().reason == "No machine"
        item = the_item()
        assert (item.status, item.closing) == ("done", "accepted")
        assert item.evidence.startswith("policies: review required")
        item.update(actor=User.objects.actor("claude"), status="todo")
    assert_equal(log, bob, ada)
    with ada:
        assert (the_item().closing, the_item().evidence) == (None, "")


def test_item_closed_before_its_clone_saw_the_policy_stays_closed(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        Project.objects.get().update(actor=ada.user, review_policy="required")
        ada.sync(log)
    with bob:
        the_item().update(actor=User.objects.actor("claude"), status="done")
    assert_equal(log, bob, ada)
    with ada:
        assert (the_item().status, the_item().closing) == ("done", None)


@pytest.mark.parametrize("first", [0, 1])  # whose change is first in the log
def test_acceptance_that_lost_to_an_unseen_change_is_withdrawn(make_board_clone: Make, log: Log, first: int) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        hand_in(ada)
        accept(the_item(), actor=ada.user, text="Good")
    with bob, clock(timedelta(minutes=1)):
        the_item().update(actor=bob.user, status="blocked")  # later, and without having seen the review
    assert_equal(log, *((ada, bob), (bob, ada))[first])
    for clone in (ada, bob):
        with clone:
            item, review = the_item(), Review.objects.get()
            assert (item.status, item.closing, item.completed_at) == ("blocked", None, None)
            assert (review.verdict, review.decided_by, review.answer) == ("withdrawn", ada.user, "Good")


@pytest.mark.parametrize("first", [0, 1])
def test_review_that_waits_is_withdrawn_with_an_unseen_change_of_its_item(
    make_board_clone: Make, log: Log, first: int
) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        hand_in(ada)
    with bob, clock(timedelta(minutes=1)):
        the_item().update(actor=bob.user, status="done")
    assert_equal(log, *((ada, bob), (bob, ada))[first])
    for clone in (ada, bob):
        with clone:
            review = Review.objects.get()
            assert (the_item().status, review.verdict, review.decided_by) == ("done", "withdrawn", bob.user)
    with bob:
        the_item().update(actor=bob.user, status="review")
    assert_equal(log, ada, bob)
    with ada:
        assert Review.objects.waiting().count() == 1


def test_reopened_item_keeps_its_acceptance(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        hand_in(ada)
        accept(the_item(), actor=ada.user, text="Good")
    sync_both(log, ada, bob)
    with bob:
        the_item().update(actor=bob.user, status="todo")  # having seen it
    assert_equal(log, ada, bob)
    with ada:
        assert (the_item().status, Review.objects.get().verdict) == ("todo", "accepted")


def test_reviews_of_earlier_versions_are_found(make_board_clone: Make, log: Log) -> None:
    ada, _ = joined_pair(make_board_clone, log)
    fill = importlib.import_module("projects.migrations.0041_review_index").FILL
    with ada:
        hand_in(ada)
        ada.sync(log)
        index = list(SyncIndex.objects.filter(name="review").values_list("key", "record_id"))
        assert index == [(str(the_item().pk), str(Review.objects.get().pk))]
        with connection.cursor() as cursor:
            cursor.execute(fill)
            cursor.execute("DELETE FROM projects_syncindex WHERE name = 'review'")
            cursor.execute(fill)
        assert list(SyncIndex.objects.filter(name="review").values_list("key", "record_id")) == index

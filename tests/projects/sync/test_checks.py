"""Criteria, checks and their results on two clones."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from projects.models import Check, CheckApproval, CheckRun, Criterion, OpenedRun, Project, WorkItem
from projects.models.check_run import Report
from projects.models.exceptions import CheckUntrusted
from tests.projects.sync.clones import BoardClone, Log, assert_equal, joined_pair, sync_both

Make = Callable[[str], BoardClone]
TREE = "a" * 40


def opened(clone: BoardClone) -> OpenedRun:
    check, item = Check.objects.select_related("project").get(), WorkItem.objects.select_related("project").get()
    return OpenedRun.open(check, item, digest=check.digest, actor=clone.user)


def test_check_that_arrives_or_changes_does_not_run_before_its_approval(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        project = Project.objects.get()
        check = Check.objects.create(actor=ada.user, project=project, name="unit", command="make test")
        ada.sync(log)
    with bob:
        bob.sync(log)
        with pytest.raises(CheckUntrusted):
            opened(bob)
        found = Check.objects.select_related("project").get()
        found.approve(actor=bob.user, digest=found.digest)
        opened(bob)
        assert CheckApproval.objects.count() == 1
    with ada:
        check.update(actor=ada.user, command="make test;")
        ada.sync(log)
        assert opened(ada)  # who wrote it has approved it
    with bob:
        bob.sync(log)
        with pytest.raises(CheckUntrusted):
            opened(bob)
    assert_equal(log, ada, bob)


def test_result_travels_without_its_output(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        Check.objects.create(actor=ada.user, project=Project.objects.get(), name="unit", command="make test")
        opened(ada).finish(Report(0, 1, TREE, TREE, output="secret"), actor=ada.user)
        ada.sync(log)
    with bob:
        bob.sync(log)
        run = CheckRun.objects.get()
        assert (run.outcome, run.tree, run.created_by.username, run.output) == ("passed", TREE, "ada", "")
        (state,) = CheckRun.objects.all().states(WorkItem.objects.select_related("project").get())
        assert state.is_passed
    assert "secret" not in "".join(log.log)
    assert_equal(log, ada, bob)


def test_criteria_are_added_one_by_one_and_a_tick_is_of_the_text_that_was_seen(
    make_board_clone: Make, log: Log
) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        item = WorkItem.objects.get()
        first = Criterion.objects.create(actor=ada.user, work_item=item, text="It ends")
        ada.sync(log)
    with bob:
        bob.sync(log)
        Criterion.objects.create(actor=bob.user, work_item=WorkItem.objects.get(), text="Of Bob")
        Criterion.objects.get(pk=first.pk).update(actor=bob.user, text="It ends soon")
    with ada:
        Criterion.objects.create(actor=ada.user, work_item=item, text="Of Ada")
        Criterion.objects.get(pk=first.pk).tick(actor=ada.user)
    sync_both(log, ada, bob)
    assert_equal(log, ada, bob)
    for clone in (ada, bob):
        with clone:
            assert {one.text for one in Criterion.objects.all()} >= {"Of Ada", "Of Bob"}
            one = Criterion.objects.get(pk=first.pk)
            # Whichever of the two changes wins, no tick stands under a text that nobody saw.
            assert (one.text, one.is_ticked) in (("It ends", True), ("It ends soon", False))
            assert WorkItem.objects.get().criteria_total == 3

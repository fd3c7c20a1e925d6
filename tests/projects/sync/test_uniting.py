"""Two imports of the same source: items with the same external reference are united, and nothing of either is lost."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from projects.models import Activity, Comment, Dependency, Project, SwimLane, WorkItem
from projects.models.base import find_pk
from projects.models.swim_lane import DEFAULTS
from projects.models.sync import FormerKey, NumberBlock
from projects.sync import repairing
from projects.transfer import tracker_import, tracker_targets
from tests import trackers_files
from tests.projects.sync.clones import BoardClone, Log, assert_equal, joined_pair, sync_both
from tests.projects.sync.scripts import clock

Make = Callable[[str], BoardClone]


def imported(clone: BoardClone, reference: str = "gh-1", **values: Any) -> uuid.UUID:
    """Create an item as an import does, and return its ID."""
    project = Project.objects.get(key="PONE")
    item = {"item_type": "task", "title": f"Of {clone.person}", "external_ref": reference, **values}
    return WorkItem.objects.create(actor=clone.user, project=project, **item).pk


def test_second_import_fills_what_the_first_one_lacks(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        first = imported(ada, labels=["ada"])
        ada.sync(log)
    with bob:
        second = imported(bob, description="Text of Bob", due_date=date(2026, 3, 1), labels=["bob"])
        shown = WorkItem.objects.select_related("project").get(pk=second).display_key
        report = bob.fetch(log)
        assert any("both have the external_ref gh-1; it got description, due_date" in note for note in report.notes)
        assert not WorkItem.objects.filter(pk=second).exists()
        assert find_pk(WorkItem, shown) == find_pk(WorkItem, str(second)) == first
    assert_equal(log, bob, ada)
    for clone in (ada, bob):
        with clone:
            item = WorkItem.objects.get(external_ref="gh-1")
            assert (item.pk, item.title, item.description) == (first, "Of ada", "Text of Bob")
            assert (item.due_date, item.labels) == (date(2026, 3, 1), ["ada"])
            assert find_pk(WorkItem, str(second)) == first
            activity = Activity.objects.of(item).filter(actor__username="bob").get()
            assert (activity.action, {change["field"] for change in activity.changes}) == (
                "updated",
                {"description", "due_date"},
            )
            assert repairing.verify(log) > 0


def test_what_refers_to_the_second_one_follows_the_first(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        first = imported(ada, item_type="story")
        ada.sync(log)
    with bob:
        second = WorkItem.objects.get(pk=imported(bob, item_type="story"))
        project = Project.objects.get(key="PONE")
        child = WorkItem.objects.create(actor=bob.user, project=project, item_type="task", title="Child", parent=second)
        Comment.objects.create(actor=bob.user, work_item=second, content="Of the second")
        Dependency.objects.create(
            actor=bob.user, blocking_item=WorkItem.objects.get(title="First"), blocked_item=second
        )
        bob.fetch(log)
        assert WorkItem.objects.get(pk=child.pk).parent_id == first
        assert Comment.objects.get().work_item_id == first
    assert_equal(log, bob, ada)
    with ada:
        assert WorkItem.objects.get(pk=child.pk).parent_id == first
        assert Comment.objects.get().work_item_id == first
        assert Dependency.objects.get().blocked_item_id == first
        assert not Activity.objects.filter(standing="void").exists()


def test_later_changes_of_both_compete_and_a_cleared_field_stays_clear(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        first = WorkItem.objects.get(pk=imported(ada, description="Imported"))
        first.update(actor=ada.user, description="", priority="high")
        ada.sync(log)
    with bob, clock(timedelta(minutes=1)):
        second = WorkItem.objects.get(pk=imported(bob, description="Imported"))
        second.update(actor=bob.user, title="Later", story_points=3)
    assert_equal(log, bob, ada)
    with ada:
        item = WorkItem.objects.get(external_ref="gh-1")
        assert (item.title, item.story_points, item.priority, item.description) == ("Later", 3, "high", "")


def test_deleting_the_duplicate_keeps_the_first_one(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        imported(ada)
        ada.sync(log)
    with bob:
        WorkItem.objects.get(pk=imported(bob)).soft_delete(actor=bob.user)
        report = bob.fetch(log)
        assert any("united with it" in one["reason"] for one in report.conflicts)
    assert_equal(log, bob, ada)
    with bob:
        assert WorkItem.objects.living().filter(external_ref="gh-1").count() == 1


def test_first_one_that_is_deleted_meanwhile_gives_the_second_back(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        first = imported(ada)
        ada.sync(log)
    with bob:
        second = WorkItem.objects.get(pk=imported(bob, description="Text of Bob"))
        Comment.objects.create(actor=bob.user, work_item=second, content="Of the second")
        bob.fetch(log)
        assert WorkItem.objects.get(external_ref="gh-1").pk == first
    with ada:
        WorkItem.objects.get(pk=first).soft_delete(actor=ada.user)
        ada.sync(log)
    with bob:
        bob.fetch(log)
        item = WorkItem.objects.living().get(external_ref="gh-1")
        assert (item.pk, item.description) == (second.pk, "Text of Bob")
        assert Comment.objects.get().work_item_id == second.pk
        assert not FormerKey.objects.filter(key=str(second.pk).upper()).exists()
    assert_equal(log, bob, ada)


def test_three_imports_are_one_item(make_board_clone: Make, log: Log) -> None:
    clones = [*joined_pair(make_board_clone, log), make_board_clone("carol")]
    with clones[2]:
        clones[2].join()
    sync_both(log, *clones)
    for clone in clones:
        with clone:
            for number in range(3):
                imported(clone, f"gh-{number}", description=clone.person)
    assert_equal(log, *clones)
    with clones[1]:
        assert WorkItem.objects.living().exclude(external_ref="").count() == 3


def test_a_project_that_two_clones_import_again_is_one(make_board_clone: Make, log: Log) -> None:
    """Both run `pm import beads FILE --new-project "Old work"` before they meet; Bob's file has one issue more."""
    ada, bob = joined_pair(make_board_clone, log)
    more = [*trackers_files.BEADS, {"id": "bd-8", "title": "Later", "status": "open", "priority": 1}]
    for clone, rows in ((ada, trackers_files.BEADS), (bob, more)):
        with clone:
            project = tracker_targets.new_project("beads", "Old work")
            project.insert(actor=clone.user)
            tracker_import.read("beads", trackers_files.beads(rows), project, actor=clone.user)
    sync_both(log, ada, bob)
    assert_equal(log, ada, bob)
    for clone in (ada, bob):
        with clone:
            project = Project.objects.living().get(title="Old work")
            items = WorkItem.objects.living().filter(project=project).order_by("item_number")
            assert list(items.values_list("external_ref", flat=True)) == ["bd-1", "bd-1.1", "bd-1.2", "bd-8"]
            assert Comment.objects.living().filter(work_item__project=project).count() == 1
            assert Dependency.objects.living().filter(blocking_item__project=project).count() == 1
            assert SwimLane.objects.living().filter(project=project).count() == len(DEFAULTS)


def test_imported_items_get_the_numbers_that_a_clone_reserved(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    sync_both(log, ada, bob)
    for clone in (ada, bob):
        with clone:
            left = sum(block.last - block.following + 1 for block in NumberBlock.objects.all())
            assert left > 4
            project = Project.objects.get(key="PONE")
            project.take_item_number()
            dry = tracker_import.read("beads", trackers_files.beads(), project, actor=clone.user, dry_run=True)
            assert dry["written"]
            rows = [{**row, "id": f"{clone.person}-{row['id']}"} for row in trackers_files.BEADS]
            tracker_import.read("beads", trackers_files.beads(rows), project, actor=clone.user)
            assert sum(block.last - block.following + 1 for block in NumberBlock.objects.all()) == left - 4
    shown = {}
    for clone in (ada, bob):
        with clone:
            shown |= {one.pk: one.display_key for one in WorkItem.objects.exclude(external_ref="")}
    sync_both(log, ada, bob)
    assert_equal(log, ada, bob)
    with ada:
        found = {one.pk: one.display_key for one in WorkItem.objects.exclude(external_ref="")}
    assert (found, len(found)) == (shown, 6)

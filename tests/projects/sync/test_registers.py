"""Fields that hang together, and relations of items, when two clones change them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

from projects.models import Dependency, Project, WorkItem
from tests.projects.sync.clones import BoardClone, Log, assert_equal, joined_pair, sync_both
from tests.projects.sync.scripts import clock

Make = Callable[[str], BoardClone]


def test_close_reason_travels_with_the_status_that_it_explains(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        WorkItem.objects.get().update(actor=ada.user, status="cancelled", close_reason="Obsolete")
        ada.sync(log)
    with bob, clock(timedelta(minutes=1)):
        WorkItem.objects.get().update(actor=bob.user, status="in_progress")  # later, and unseen
    assert_equal(log, bob, ada)
    with ada:
        item = WorkItem.objects.get()
        assert (item.status, item.close_reason) == ("in_progress", "")
        item.update(actor=ada.user, status="done", close_reason="Works")
    assert_equal(log, ada, bob)
    with bob:
        assert WorkItem.objects.get().close_reason == "Works"


def test_type_changes_unless_a_child_that_came_first_stands_in_the_way(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        project = Project.objects.get(key="PONE")
        made = [
            WorkItem.objects.create(actor=ada.user, project=project, item_type="story", title=f"Story {number}").pk
            for number in range(2)
        ]
    sync_both(log, ada, bob)
    with ada:
        WorkItem.objects.get(pk=made[0]).update(actor=ada.user, item_type="bug")
        _child_of(ada, made[1])
        ada.sync(log)
    with bob:
        _child_of(bob, made[0])
        WorkItem.objects.get(pk=made[1]).update(actor=bob.user, item_type="chore")
        report = bob.fetch(log)
        assert any("a bug can't be the parent of a task" in note for note in report.notes)
        assert any("a chore can't be the parent of a task" in one["reason"] for one in report.conflicts)
    assert_equal(log, bob, ada)
    with ada:
        types = [WorkItem.objects.get(pk=pk).item_type for pk in made]
        assert types == ["bug", "story"]
        assert WorkItem.objects.get(title="Child of bob").parent is None


def _child_of(clone: BoardClone, pk: uuid.UUID) -> None:
    parent = WorkItem.objects.select_related("project").get(pk=pk)
    values = {"item_type": "task", "title": f"Child of {clone.person}", "parent": parent}
    WorkItem.objects.create(actor=clone.user, project=parent.project, **values)


def test_item_that_comes_below_what_blocks_it_is_void(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        project = Project.objects.get(key="PONE")
        epic = WorkItem.objects.create(actor=ada.user, project=project, item_type="epic", title="Epic")
        story = WorkItem.objects.create(actor=ada.user, project=project, item_type="story", title="Story")
    sync_both(log, ada, bob)
    with ada:
        Dependency.objects.create(actor=ada.user, blocking_item=epic, blocked_item=story)
        ada.sync(log)
    with bob:
        WorkItem.objects.get(pk=story.pk).update(actor=bob.user, parent_id=epic.pk)
        report = bob.fetch(log)
        assert ["come below an item that blocks it" in one["reason"] for one in report.conflicts] == [True]
    assert_equal(log, bob, ada)
    with ada:
        assert WorkItem.objects.get(pk=story.pk).parent is None

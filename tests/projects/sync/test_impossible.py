"""What two clones did that can't both be: each case of the table in docs/sync.md that no other test names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from projects.models import Activity, Comment, Dependency, Project, Sprint, SwimLane, TimeEntry, User, WorkItem
from projects.sync.exchange import Report
from tests.projects.sync.clones import BoardClone, Log, exported, history, joined_pair, sync_both
from tests.projects.sync.conftest import board_clones
from tests.projects.sync.scripts import clock

DAY = date(2026, 1, 1)
TITLES = (
    "Bob deletes it",
    "Ada deletes it",
    "Planned by ada",
    "Planned by bob",
    "Blocking",
    "Blocked",
    "Above",
    "Below",
)


@dataclass
class Story:
    """Ada's changes are in the log before those of bob, who had not seen them."""

    ada: BoardClone
    bob: BoardClone
    report: Report = field(default_factory=Report)  # what bob's sync said

    def reason(self, key: str) -> str:
        """Return why bob's change of an entity is void."""
        return next(one["reason"] for one in self.report.conflicts if one["key"] == key and one["standing"] == "void")


@pytest.fixture(scope="module")
def story(
    tmp_path_factory: pytest.TempPathFactory, empty_board: Any, joined_boards: None, django_db_blocker: Any
) -> Iterator[Story]:
    log = Log()
    with board_clones(tmp_path_factory.mktemp("impossible"), empty_board, django_db_blocker) as make:
        story = Story(*joined_pair(make, log))
        with story.ada:
            _prepare(story.ada.user)
        sync_both(log, story.ada, story.bob)
        with story.ada:
            _of_ada(story.ada.user)
            story.ada.sync(log)
        with story.bob, clock(timedelta(minutes=1)):
            _of_bob(story.bob.user)
            story.report = story.bob.fetch(log)
        sync_both(log, story.bob, story.ada)
        yield story


def _prepare(actor: User) -> None:
    project = Project.objects.get(key="PONE")
    for title in TITLES:
        kind = "story" if title in ("Bob deletes it", "Ada deletes it", "Above") else "task"
        WorkItem.objects.create(actor=actor, project=project, item_type=kind, title=title)
    child = WorkItem.objects.create(
        actor=actor, project=project, item_type="task", title="Deleted child", parent=_item("Ada deletes it")
    )
    child.soft_delete(actor=actor)
    WorkItem.objects.create(actor=actor, project=project, item_type="task", title="Commented")
    for name in ("Deleted by bob", "Deleted by ada"):
        Sprint.objects.create(actor=actor, project=project, name=name, start_date=DAY, end_date=DAY + timedelta(days=7))
    Project.objects.create(actor=actor, key="NEW2", title="Has the next key")
    old = Project.objects.create(actor=actor, key="OLD", title="Archived by ada")
    WorkItem.objects.create(actor=actor, project=old, item_type="task", title="In an old project")


def _of_ada(actor: User) -> None:
    project = Project.objects.get(key="PONE")
    parent = _item("Bob deletes it")
    WorkItem.objects.create(actor=actor, project=project, item_type="task", title="Unseen child", parent=parent)
    _item("Ada deletes it").soft_delete(actor=actor)
    _item("Planned by ada").update(actor=actor, sprint_id=Sprint.objects.get(name="Deleted by bob").pk)
    Sprint.objects.get(name="Deleted by ada").soft_delete(actor=actor)
    SwimLane.objects.create(actor=actor, project=project, name="Of ada", status_value="blocked", position=9)
    _block(actor, "Blocking", "Blocked")
    _item("Below").update(actor=actor, parent_id=_item("Above").pk)
    TimeEntry.objects.create(actor=actor, work_item=_item("First"), user=actor, started_at=timezone.now())
    _item("Commented").soft_delete(actor=actor)
    Project.objects.get(key="OLD").archive(actor=actor)
    Project.objects.create(actor=actor, key="NEW", title="Of ada")


def _of_bob(actor: User) -> None:
    project = Project.objects.get(key="PONE")
    _item("Bob deletes it").soft_delete(actor=actor)
    WorkItem.objects.deleted().select_related("project", "parent").get(title="Deleted child").restore(actor=actor)
    Sprint.objects.get(name="Deleted by bob").soft_delete(actor=actor)
    _item("Planned by bob").update(actor=actor, sprint_id=Sprint.objects.get(name="Deleted by ada").pk)
    SwimLane.objects.create(actor=actor, project=project, name="Of bob", status_value="blocked", position=9)
    _block(actor, "Blocking", "Blocked")
    _block(actor, "Above", "Below")
    ada = User.objects.actor("ada", is_agent=False)
    TimeEntry.objects.create(actor=ada, work_item=_item("Commented"), user=ada, started_at=timezone.now())
    Comment.objects.create(actor=actor, work_item=_item("Commented"), content="Still here")
    _item("In an old project").update(actor=actor, title="Changed in an old project")
    Project.objects.create(actor=actor, key="NEW", title="Of bob")


def _item(title: str) -> WorkItem:
    return WorkItem.objects.living().select_related("project").get(title=title)


def _block(actor: User, blocking: str, blocked: str) -> None:
    ends = {"blocking_item": _item(blocking), "blocked_item": _item(blocked)}
    Dependency.objects.create(actor=actor, dependency_type="blocks", **ends)


def test_both_clones_have_the_same_board_and_history(story: Story) -> None:
    found = []
    for clone in (story.ada, story.bob):
        with clone:
            found.append((exported(), history()))
    assert found[0] == found[1]


def test_item_with_an_unseen_child_is_not_deleted(story: Story) -> None:
    with story.ada:
        assert _item("Unseen child").parent == _item("Bob deletes it")
        key = _item("Bob deletes it").display_key
    assert "which has a child that its author had not seen" in story.reason(key)


def test_child_of_a_parent_that_is_deleted_is_not_restored(story: Story) -> None:
    with story.ada:
        child = WorkItem.objects.deleted().select_related("project").get(title="Deleted child")
    assert story.reason(child.display_key).startswith("its parent PONE-")


def test_items_leave_a_sprint_that_is_deleted(story: Story) -> None:
    with story.ada:
        assert _item("Planned by ada").sprint is None
        assert not Sprint.objects.living().filter(name="Deleted by bob").exists()
        key = _item("Planned by ada").display_key
    assert f"{key} left the deleted sprint Deleted by bob" in story.report.notes


def test_item_does_not_enter_a_deleted_sprint(story: Story) -> None:
    with story.ada:
        assert _item("Planned by bob").sprint is None
        key = _item("Planned by bob").display_key
    assert story.reason(key) == "its sprint Deleted by ada is deleted"


def test_second_column_of_a_status_is_void(story: Story) -> None:
    with story.ada:
        assert [lane.name for lane in SwimLane.objects.living().filter(status_value="blocked")] == ["Of ada"]
    assert "there is a column for blocked already" in {one["reason"] for one in story.report.conflicts}


def test_second_link_and_link_to_what_is_above_are_void(story: Story) -> None:
    with story.ada:
        [link] = Dependency.objects.living()
        assert link.blocking_item == _item("Blocking")
        above, below = _item("Above").display_key, _item("Below").display_key
    reasons = {one["reason"] for one in story.report.conflicts}
    assert {"these items are linked already", f"{above} is above {below}, so neither can block the other"} <= reasons


def test_earlier_timer_of_a_user_stops_when_the_later_one_began(story: Story) -> None:
    with story.ada:
        first, second = TimeEntry._base_manager.filter(user__username="ada").order_by("started_at")
        assert first.ended_at == second.started_at
        assert second.ended_at is None
    assert any("stopped when the next began" in note for note in story.report.notes)


def test_comment_on_a_deleted_item_shows_when_it_is_restored(story: Story) -> None:
    with story.ada, transaction.atomic():
        item = WorkItem.objects.deleted().select_related("project", "parent").get(title="Commented")
        assert not Comment.objects.living().filter(content="Still here").exists()
        item.restore(actor=story.ada.user)
        assert Comment.objects.living().get(content="Still here").work_item == item
        transaction.set_rollback(True)
        key = item.display_key
    assert f"it belongs to {key}, which is deleted" in story.report.notes


def test_change_in_a_project_that_was_archived_unseen_counts(story: Story) -> None:
    with story.ada:
        item = _item("Changed in an old project")
        assert item.project.status == "archived"
        assert not Activity.objects.filter(entity_id=item.pk).exclude(standing="").exists()


def test_second_project_of_a_key_gets_the_next_free_one(story: Story) -> None:
    with story.ada:
        keys = dict(Project.objects.filter(title__startswith="Of ").values_list("title", "key"))
    assert keys == {"Of ada": "NEW", "Of bob": "NEW3"}

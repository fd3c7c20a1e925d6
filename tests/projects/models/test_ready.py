"""Which items are ready: they can be started now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.db.models import Model
from django.utils import timezone

from projects.models import Dependency, Project, Sprint, User, WorkItem

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]
DATES = {"start_date": dt.date(2026, 1, 1), "end_date": dt.date(2026, 1, 15)}


def ready() -> list[str]:
    return [item.title for item in WorkItem.objects.ready()]


@pytest.mark.parametrize("status", ["backlog", "todo", "in_progress", "review", "blocked", "done"])
def test_only_items_that_are_not_started_are_ready(make_item: Make, status: str) -> None:
    make_item("A", status=status)
    assert ready() == (["A"] if status in ("backlog", "todo") else [])


def test_item_is_ready_again_when_its_lease_has_expired(make_item: Make, user: User) -> None:
    make_item("A").claim(actor=user)
    assert ready() == []
    WorkItem.objects.update(lease_expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert ready() == ["A"]


def test_item_is_ready_when_all_its_blockers_are_done_or_deleted(make_item: Make, user: User) -> None:
    one, two, item = make_item("One"), make_item("Two"), make_item("A")
    for blocker in (one, two):
        Dependency.objects.create(actor=user, blocking_item=blocker, blocked_item=item)
    assert ready() == ["One", "Two"]
    one.update(actor=user, status="done")
    assert ready() == ["Two"]
    two.soft_delete(actor=user)
    assert ready() == ["A"]


def test_related_item_blocks_nothing(make_item: Make, user: User) -> None:
    one, two = make_item("One"), make_item("Two")
    Dependency.objects.create(actor=user, blocking_item=one, blocked_item=two, dependency_type="relates_to")
    assert ready() == ["One", "Two"]


def test_epic_is_ready_after_its_children(make_item: Make, user: User) -> None:
    epic = make_item("Epic", item_type="epic")
    child = make_item("Child", parent=epic)
    assert ready() == ["Child"]
    child.update(actor=user, status="done")
    assert ready() == ["Epic"]


def test_nothing_in_an_archived_or_deleted_project_is_ready(
    make_item: Make, make_project: Callable[..., Project], user: User
) -> None:
    archived, deleted = make_project("PTWO"), make_project("PTHREE")
    make_item("A", project=archived)
    make_item("B", project=deleted)
    make_item("C")
    archived.archive(actor=user)
    deleted.soft_delete(actor=user)
    assert ready() == ["C"]


def test_item_with_open_children_is_not_ready(make_item: Make, user: User) -> None:
    story = make_item("Story", item_type="story")
    task = make_item("Task", parent=story)
    assert ready() == ["Task"]
    task.update(actor=user, status="done")
    assert ready() == ["Story"]


def test_blocker_of_an_ancestor_blocks(make_item: Make, user: User) -> None:
    first, epic = make_item("First"), make_item("Epic", item_type="epic")
    story = make_item("Story", item_type="story", parent=epic)
    make_item("Task", parent=story)
    Dependency.objects.create(actor=user, blocking_item=first, blocked_item=epic)
    assert ready() == ["First"]
    assert WorkItem.objects.get(title="Task").obstacles(user) == ["PONE-2 above it is blocked by PONE-1"]
    first.update(actor=user, status="done")
    assert ready() == ["Task"]
    assert WorkItem.objects.get(title="Task").obstacles(user) == []


def test_item_of_another_is_not_ready_for_the_caller(make_item: Make, user: User) -> None:
    eve = User.objects.actor("eve")
    make_item("Mine", assignee=user)
    make_item("Hers", assignee=eve)
    make_item("Left").claim(actor=eve)
    WorkItem.objects.filter(claimed_by=eve).update(lease_expires_at=timezone.now() - dt.timedelta(seconds=1))
    found = WorkItem.objects.ready(assignee=user.pk)
    assert [item.title for item in found] == ["Left", "Mine"]


def test_active_sprint_comes_first_and_the_backlog_last(make_item: Make, project: Project, user: User) -> None:
    sprint = Sprint.objects.create(actor=user, project=project, name="S", **DATES)
    make_item("Backlog", priority="critical")
    make_item("To do", status="todo", priority="low")
    make_item("Sprint, backlog", sprint=sprint)
    make_item("Sprint, to do", sprint=sprint, status="todo", priority="low")
    assert ready() == ["To do", "Sprint, to do", "Backlog", "Sprint, backlog"]
    sprint.start(actor=user)
    assert ready() == ["Sprint, to do", "Sprint, backlog", "To do", "Backlog"]
    WorkItem.objects.get(title="To do").update(actor=user, sprint_id=sprint.pk)
    WorkItem.objects.get(title="Sprint, to do").update(actor=user, sprint_id=None)
    assert ready() == ["To do", "Sprint, backlog", "Sprint, to do", "Backlog"]
    make_item("New", sprint=sprint, priority="critical")
    assert ready() == ["To do", "New", "Sprint, backlog", "Sprint, to do", "Backlog"]
    sprint.cancel(actor=user)
    assert ready() == ["To do", "Sprint, to do", "Backlog", "New", "Sprint, backlog"]


def test_sprint_that_arrives_after_its_items_is_active_for_them(make_item: Make, project: Project, user: User) -> None:
    sprint = Sprint.objects.create(actor=user, project=project, name="S", **DATES)
    make_item("A", sprint=sprint)
    sprint.start(actor=user)
    WorkItem.objects.update(is_current=False)
    Sprint._base_manager.filter(pk=sprint.pk)._raw_delete("default")
    Model.save(sprint, force_insert=True)
    assert WorkItem.objects.get().is_current


def test_ready_items_are_ordered_by_urgency_then_unblocked_items_then_position(make_item: Make, user: User) -> None:
    titles = {"Low": "low", "First": "high", "Second": "high", "Unblocks": "high", "Critical": "critical"}
    made = {title: make_item(title, priority=priority) for title, priority in titles.items()}
    waiting = make_item("Waiting", priority="critical")
    Dependency.objects.create(actor=user, blocking_item=made["Unblocks"], blocked_item=waiting)
    assert ready() == ["Critical", "Unblocks", "First", "Second", "Low"]

"""Which items are ready: they can be started now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone

from projects.models import Dependency, Project, User, WorkItem

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


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


def test_ready_items_are_ordered_by_urgency_then_unblocked_items_then_position(make_item: Make, user: User) -> None:
    titles = {"Low": "low", "First": "high", "Second": "high", "Unblocks": "high", "Critical": "critical"}
    made = {title: make_item(title, priority=priority) for title, priority in titles.items()}
    waiting = make_item("Waiting", priority="critical")
    Dependency.objects.create(actor=user, blocking_item=made["Unblocks"], blocked_item=waiting)
    assert ready() == ["Critical", "Unblocks", "First", "Second", "Low"]

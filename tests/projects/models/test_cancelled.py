"""Cancelled items: closed, but never done; and the reasons of closed items."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from projects.models import Dependency, Project, Sprint, SwimLane, User, WorkItem
from projects.models.exceptions import Conflict, HasBlockers, HasChildren
from projects.models.project_stats import stats
from projects.models.sprints.history import histories
from projects.models.sprints.report import report
from projects.models.sprints.velocity import completed
from tests.projects.models.constraints import refused_by_the_database

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


def ready() -> list[str]:
    return [item.title for item in WorkItem.objects.ready()]


def test_cancelled_item_leaves_ready_and_frees_what_it_blocked(make_item: Make, user: User) -> None:
    one, two = make_item("one"), make_item("two")
    Dependency.objects.create(actor=user, blocking_item=one, blocked_item=two)
    one.update(actor=user, status="cancelled")
    assert ready() == ["two"]
    two.refresh_from_db()
    assert (two.open_blockers, one.completed_at) == (0, None)
    two.update(actor=user, status="done")
    one.update(actor=user, status="todo")
    two.update(actor=user, status="todo")
    assert ready() == ["one"]


def test_cancelled_child_does_not_keep_its_parent_open(make_item: Make, user: User) -> None:
    story = make_item("story", item_type="story")
    child = make_item("child", parent=story)
    for status in ("done", "cancelled"):
        with pytest.raises(HasChildren):
            story.update(actor=user, status=status)
    child.update(actor=user, status="cancelled")
    story.update(actor=user, status="done")
    assert not story.is_open


def test_blocked_item_can_be_cancelled_but_not_done(make_item: Make, user: User) -> None:
    one, two = make_item("one"), make_item("two")
    Dependency.objects.create(actor=user, blocking_item=one, blocked_item=two)
    with pytest.raises(HasBlockers):
        two.update(actor=user, status="done")
    two.update(actor=user, status="cancelled")
    assert WorkItem.objects.get(pk=one.pk).unblocks == 0


def test_cancelled_item_can_not_be_claimed(make_item: Make, user: User) -> None:
    item = make_item(status="cancelled")
    with pytest.raises(Conflict, match="is cancelled and can't be claimed"):
        item.claim(actor=user)


def test_cancelling_ends_the_claim(make_item: Make, user: User) -> None:
    item = make_item()
    item.claim(actor=user)
    item.update(actor=user, status="cancelled")
    assert item.claimed_by_id is None


def test_close_reason_belongs_to_closed_items_and_ends_with_reopening(make_item: Make, user: User) -> None:
    item = make_item()
    with pytest.raises(ValidationError, match="only a done or cancelled item"):
        item.update(actor=user, close_reason="Why?")
    item.update(actor=user, status="cancelled", close_reason="Obsolete")
    item.update(actor=user, status="done")
    assert item.close_reason == "Obsolete"
    item.update(actor=user, status="todo")
    assert WorkItem.objects.get().close_reason == ""
    with pytest.raises(ValidationError, match="only a done or cancelled item"):
        make_item(close_reason="Open")
    refused_by_the_database(WorkItem, item.pk, close_reason="Open")


def test_project_figures_count_cancelled_items_as_neither_open_nor_done(
    make_item: Make, user: User, project: Project
) -> None:
    for status, points in (("todo", 1), ("done", 2), ("cancelled", 4)):
        make_item(status=status, story_points=points)
    found = stats(project)
    assert found["points"] == {"done": 2, "open": 1}
    assert found["by_status"]["cancelled"] == 1


def test_sprint_leaves_cancelled_items_out_of_its_scope(make_item: Make, user: User, project: Project) -> None:
    today = timezone.now().date()
    days: dict[str, date] = {"start_date": today, "end_date": today + timedelta(days=7)}
    sprint = Sprint.objects.create(actor=user, project=project, name="S", **days)
    gone, done, left, before = (make_item(title, sprint=sprint, story_points=2) for title in "abcd")
    before.update(actor=user, status="cancelled")
    sprint.start(actor=user)
    gone.update(actor=user, status="cancelled")
    done.update(actor=user, status="done")
    now = histories([sprint])[sprint.pk][-1]
    assert (now.points, now.items, now.all_points, now.all_items) == (2, 1, 4, 2)
    assert [item.title for item in sprint.complete(actor=user)] == ["c"]
    found: dict[str, Any] = report(sprint)
    counts = {name: found[name]["count"] for name in ("committed", "done", "carried_over", "removed")}
    assert counts == {"committed": 3, "done": 1, "carried_over": 1, "removed": 1}
    (past,) = completed(project)
    assert (past.committed_points, past.points, past.items) == (6, 2, 1)
    assert left.title == "c"


def test_new_project_has_no_column_for_cancelled_items(project: Project) -> None:
    assert not SwimLane.objects.filter(status_value="cancelled").exists()

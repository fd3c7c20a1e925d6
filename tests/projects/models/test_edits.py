from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from projects.models import Activity, Comment, Dependency, Sprint, User, WorkItem
from projects.models.activity import Action
from projects.models.base import Entity
from projects.models.edits import edit, undo
from projects.models.exceptions import Conflict, Cycle, HasBlockers, NotYours, StaleVersion

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


def latest(entity: Entity) -> Activity:
    return Activity.objects.of(entity).order_by("-id")[0]


def again(item: WorkItem) -> WorkItem:
    return WorkItem.objects.get(pk=item.pk)


def test_undo_restores_old_values_and_is_logged(make_item: Make, user: User) -> None:
    epic = make_item(item_type="epic")
    item = make_item(labels=["a"], story_points=3)
    values = {"title": "New", "labels": ["b", "c"], "story_points": None, "parent_id": epic.pk, "assignee_id": user.pk}
    before = {name: getattr(item, name) for name in values}
    item.update(actor=user, **values)
    undo(latest(item), actor=User.objects.actor("bob"))
    item = again(item)
    assert {name: getattr(item, name) for name in values} == before
    assert latest(item).actor.username == "bob"
    assert {change["field"] for change in latest(item).changes} == set(values)
    undo(latest(item), actor=user)
    assert again(item).title == "New"


def test_undo_of_a_status_keeps_completed_at_consistent(make_item: Make, user: User) -> None:
    item = make_item()
    item.update(actor=user, status="done")
    undo(latest(item), actor=user)
    assert again(item).completed_at is None
    undo(latest(item), actor=user)
    assert (again(item).status, again(item).completed_at is not None) == ("done", True)


def test_undo_of_a_move_puts_the_item_back(make_item: Make, user: User) -> None:
    one, two = make_item(), make_item()
    two.move(actor=user, before=one)
    undo(latest(two), actor=user)
    assert [*WorkItem.objects.in_order()] == [one, two]


def test_undo_of_a_move_by_an_earlier_version_is_refused(make_item: Make, user: User) -> None:
    item = make_item()
    moved = [{"field": "position", "old": 4.0, "new": 0.5}]
    Activity.objects.record(item, Action.UPDATED, user, moved)
    with pytest.raises(Conflict, match="can't undo a move by an earlier version of pm; move PONE-1 instead"):
        undo(latest(item), actor=user)
    assert (again(item).position, again(item).version) == (item.position, 1)


def test_undo_of_a_field_changed_since_is_refused(make_item: Make, user: User) -> None:
    item = make_item(title="First")
    item.update(actor=user, title="Second", priority="high")
    change = latest(item)
    item.update(actor=user, story_points=5)
    item.update(actor=User.objects.actor("bob"), title="Third")
    with pytest.raises(StaleVersion) as refused:
        undo(change, actor=user)
    assert [str(one) for one in refused.value.changes] == ["bob updated title"]
    assert again(item).title == "Third"
    item.update(actor=user, title="Second")
    undo(change, actor=user)
    assert (again(item).title, again(item).priority, again(item).story_points) == ("First", "medium", 5)


def test_undo_of_a_deletion_restores_the_subtree(make_item: Make, user: User) -> None:
    story = make_item(item_type="story")
    child = make_item(parent=story)
    story.soft_delete(actor=user, recursive=True)
    undo(latest(story), actor=user)
    assert WorkItem.objects.living().filter(pk__in=(story.pk, child.pk)).count() == 2
    with pytest.raises(Conflict, match="not deleted"):
        undo(Activity.objects.of(story).get(action=Action.DELETED), actor=user)


def test_undo_follows_the_rules(make_item: Make, user: User) -> None:
    one, two = make_item(), make_item()
    link = Dependency.objects.create(actor=user, blocking_item=one, blocked_item=two)
    link.soft_delete(actor=user)
    Dependency.objects.create(actor=user, blocking_item=two, blocked_item=one)
    with pytest.raises(Cycle):
        undo(latest(link), actor=user)
    two.update(actor=user, status="done", force=True)
    two.update(actor=user, status="todo")
    undo(latest(two), actor=user)
    one.update(actor=user, status="done", force=True)
    one.update(actor=user, status="todo")
    again(two).update(actor=user, status="review")
    with pytest.raises(HasBlockers):
        undo(latest(one), actor=user)
    comment = Comment.objects.create(actor=user, work_item=one, content="Mine")
    comment.update(actor=user, content="Still mine")
    with pytest.raises(NotYours):
        undo(latest(comment), actor=User.objects.actor("bob"))
    with pytest.raises(Conflict, match="created"):
        undo(Activity.objects.of(comment)[0], actor=user)


def test_undo_of_a_claim_frees_the_item_but_never_restores_a_lease(make_item: Make, user: User) -> None:
    item = make_item(status="todo")
    item.claim(actor=user)
    undo(latest(item), actor=user)
    item = again(item)
    assert (item.status, item.assignee_id, item.claimed_by_id, item.lease_id) == ("todo", None, None, None)
    item.claim(actor=user)
    item.release(actor=user, force=True)
    released = latest(item)
    undo(released, actor=user)
    assert (again(item).status, again(item).assignee_id, again(item).claimed_by_id) == ("in_progress", user.pk, None)


def test_undo_into_an_ended_sprint_is_refused(make_item: Make, user: User) -> None:
    item = make_item()
    days = {"start_date": dt.date(2026, 1, 1), "end_date": dt.date(2026, 1, 9)}
    sprint = Sprint.objects.create(actor=user, project=item.project, name="One", **days)
    item.update(actor=user, sprint_id=sprint.pk)
    item.update(actor=user, sprint_id=None)
    sprint.cancel(actor=user)
    with pytest.raises(Conflict, match="cancelled"):
        undo(latest(item), actor=user)


def test_edit_writes_only_the_changed_fields(make_item: Make, user: User) -> None:
    item = make_item(title="Old", description="Text")
    form = {"title": "Mine", "description": "Text", "priority": "medium"}
    again(item).update(actor=User.objects.actor("bob"), priority="high", description="By bob")
    item = again(item)
    with pytest.raises(StaleVersion) as refused:
        edit(item, form, actor=user, seen=1)
    assert [one.actor.username for one in refused.value.changes] == ["bob"]
    assert again(item).title == "Old"
    assert edit(item, form, actor=user, seen=1, anyway=2)
    assert (item.title, item.description, item.priority) == ("Mine", "By bob", "high")
    assert not edit(again(item), form, actor=user, seen=1)  # submitted twice
    assert again(item).version == 3


def test_confirmed_edit_is_refused_after_another_change(make_item: Make, user: User) -> None:
    item = make_item(title="Old")
    for title in ("Theirs", "Theirs again"):
        item.update(actor=User.objects.actor("bob"), title=title)
    with pytest.raises(StaleVersion):
        edit(again(item), {"title": "Mine"}, actor=user, seen=1, anyway=2)
    assert edit(again(item), {"title": "Mine"}, actor=user, seen=1, anyway=3)

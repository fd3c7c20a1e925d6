"""The types of work items: bugs and chores stand beside tasks, and a type changes where the hierarchy allows it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.core.exceptions import ValidationError

from projects.models import Project, Sprint, User, WorkItem
from projects.models.exceptions import Conflict

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


@pytest.mark.parametrize("kind", ["task", "bug", "chore"])
def test_bug_and_chore_stand_on_the_level_of_a_task(make_item: Make, kind: str) -> None:
    epic = make_item("epic", item_type="epic")
    story = make_item("story", item_type="story", parent=epic)
    for parent in (story, epic, None):
        assert make_item(item_type=kind, parent=parent).parent == parent
    with pytest.raises(ValidationError, match="parent is a story or an epic"):
        make_item(item_type="task", parent=make_item(item_type=kind))


def test_type_changes_on_the_same_level_and_where_nothing_stands_in_the_way(make_item: Make, user: User) -> None:
    epic = make_item("epic", item_type="epic")
    item = make_item("item", item_type="task", parent=epic)
    for kind in ("bug", "chore", "story", "task"):
        item.update(actor=user, item_type=kind)
        assert WorkItem.objects.get(pk=item.pk).item_type == kind
    item.update(actor=user, item_type="epic", parent_id=None)
    assert WorkItem.objects.get(pk=item.pk).parent is None


def test_type_that_the_parent_or_a_child_does_not_allow_is_refused(make_item: Make, user: User) -> None:
    epic = make_item("epic", item_type="epic")
    story = make_item("story", item_type="story", parent=epic)
    task = make_item("task", parent=story)
    with pytest.raises(ValidationError, match="PONE-3, a task, can't be the child of a bug"):
        story.update(actor=user, item_type="bug")
    with pytest.raises(ValidationError, match="PONE-2 is its parent, and a story's parent is an epic"):
        task.update(actor=user, item_type="story")
    with pytest.raises(ValidationError, match="an epic has no parent"):
        task.update(actor=user, item_type="epic")
    with pytest.raises(ValidationError, match="PONE-2, a story, can't be the child of a story"):
        epic.update(actor=user, item_type="story")
    task.soft_delete(actor=user)
    story.update(actor=user, item_type="bug")
    with pytest.raises(Conflict, match="its parent PONE-2 is a bug by now"):
        task.restore(actor=user)


def test_item_in_a_sprint_can_not_become_an_epic(make_item: Make, user: User, project: Project) -> None:
    days = {"start_date": date(2026, 1, 1), "end_date": date(2026, 1, 15)}
    sprint = Sprint.objects.create(actor=user, project=project, name="S", **days)
    item = make_item(item_type="story", sprint=sprint)
    with pytest.raises(ValidationError, match="an epic can't be in a sprint"):
        item.update(actor=user, item_type="epic")
    item.update(actor=user, item_type="epic", sprint_id=None)
    assert item.item_type == "epic"

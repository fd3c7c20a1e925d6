from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from projects.models import Activity, Project, Sprint, User, WorkItem
from projects.models.exceptions import Conflict, HasChildren
from projects.models.work_items.choices import ItemType
from projects.models.work_items.hierarchy import RULES
from tests.projects.models.constraints import refused_by_the_database

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]
ALLOWED = {("story", "epic"), *itertools.product(("task", "bug", "chore"), ("epic", "story"))}
PAIRS = sorted(itertools.product(ItemType.values, repeat=2))


@pytest.mark.parametrize(("child", "parent"), PAIRS)
def test_parent_must_have_a_higher_type(make_item: Make, user: User, child: str, parent: str) -> None:
    above = make_item(item_type=parent)
    item = make_item(item_type=child)
    for write in (
        lambda: make_item(item_type=child, parent=above).parent_id == above.pk,
        lambda: item.update(actor=user, parent_id=above.pk),
    ):
        if (child, parent) in ALLOWED:
            assert write()
            continue
        with pytest.raises(ValidationError) as caught:
            write()
        assert caught.value.message_dict == {"parent_id": [RULES[child]]}


def test_parent_in_another_project_is_refused(make_item: Make, make_project: Callable[..., Project]) -> None:
    epic = make_item(item_type="epic", project=make_project("TWO"))
    with pytest.raises(ValidationError) as caught:
        make_item(parent=epic)
    assert caught.value.message_dict == {"parent_id": ["TWO-1 belongs to another project"]}


def test_deleted_parent_is_refused(make_item: Make, user: User) -> None:
    epic = make_item(item_type="epic")
    epic.soft_delete(actor=user)
    with pytest.raises(ValidationError) as caught:
        make_item(parent=epic)
    assert caught.value.message_dict == {"parent_id": ["PONE-1 is deleted"]}


def test_project_never_changes(make_item: Make, make_project: Callable[..., Project], user: User) -> None:
    item = make_item()
    with pytest.raises(ValidationError) as caught:
        item.update(actor=user, project_id=make_project("TWO").pk)
    assert [error.code for error in caught.value.error_dict["project_id"]] == ["immutable"]


def test_delete_with_children_is_refused_unless_recursive(make_item: Make, user: User) -> None:
    epic = make_item(item_type="epic")
    story = make_item(item_type="story", parent=epic)
    task = make_item(parent=story)
    with pytest.raises(HasChildren, match="PONE-1 has a child; delete it recursively: PONE-2") as caught:
        epic.soft_delete(actor=user)
    assert caught.value.items == [story]
    epic.soft_delete(actor=user, recursive=True)
    assert set(WorkItem.objects.deleted()) == {epic, story, task}
    assert len({item.deleted_at for item in WorkItem.objects.all()}) == 1


def test_parent_with_an_open_child_is_not_done_unless_forced(make_item: Make, user: User) -> None:
    story = make_item(item_type="story")
    make_item(parent=story, status="done")
    task = make_item(parent=story)
    with pytest.raises(HasChildren, match="PONE-1 has open children: PONE-3") as caught:
        story.update(actor=user, status="done")
    assert caught.value.items == [task]
    assert story.update(actor=user, status="done", force=True)


def test_restore_brings_back_what_was_deleted_with_it(make_item: Make, user: User) -> None:
    epic = make_item(item_type="epic")
    before, along = make_item(parent=epic), make_item(parent=epic)
    before.soft_delete(actor=user)
    epic.soft_delete(actor=user, recursive=True)
    WorkItem.objects.select_related("project").get(pk=epic.pk).restore(actor=user)
    assert set(WorkItem.objects.living()) == {epic, along}
    assert Activity.objects.filter(action="restored").count() == 2


def test_restore_below_a_deleted_parent_is_refused(make_item: Make, user: User) -> None:
    epic = make_item(item_type="epic")
    task = make_item(parent=epic)
    epic.soft_delete(actor=user, recursive=True)
    task = WorkItem.objects.get(pk=task.pk)
    with pytest.raises(Conflict, match="its parent PONE-1 is deleted; restore the parent first"):
        task.restore(actor=user)


def test_restored_item_leaves_a_sprint_that_was_deleted_since(make_item: Make, user: User, project: Project) -> None:
    sprint = Sprint.objects.create(
        actor=user, project=project, name="One", start_date=dt.date(2026, 1, 1), end_date=dt.date(2026, 1, 14)
    )
    item = make_item(sprint=sprint)
    item.soft_delete(actor=user)
    sprint.soft_delete(actor=user)
    item = WorkItem.objects.get(pk=item.pk)
    item.restore(actor=user)
    assert WorkItem.objects.living().get().sprint_id is None


def test_ancestors_and_descendants_are_one_query(make_item: Make, django_assert_num_queries: Any) -> None:
    epic = make_item(item_type="epic")
    story = make_item(item_type="story", parent=epic)
    tasks = [make_item(parent=story) for _ in range(3)]
    with django_assert_num_queries(2):
        assert set(WorkItem.objects.descendants_of(epic.pk)) == {story, *tasks}
        assert set(WorkItem.objects.ancestors_of(tasks[0].pk)) == {story, epic}


def test_database_refuses_a_parent_of_an_epic_and_an_item_as_its_own_parent(make_item: Make) -> None:
    epic, other, task = make_item(item_type="epic"), make_item(item_type="epic"), make_item()
    refused_by_the_database(WorkItem, epic.pk, parent_id=other.pk.hex)
    refused_by_the_database(WorkItem, task.pk, parent_id=task.pk.hex)

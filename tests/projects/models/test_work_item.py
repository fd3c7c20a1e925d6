from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Value

from projects.models import Activity, Dependency, ItemLabel, Project, SwimLane, User, WorkItem
from projects.models.exceptions import Archived, Claimed, Conflict, Cycle

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


def refused_by_the_database(model: Any, pk: Any, **values: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        # Bypass the model fields, which would normalise the value.
        model.objects.filter(pk=pk).update(**{name: Value(value) for name, value in values.items()})


@pytest.mark.parametrize(
    "values",
    [
        {"item_type": "bug"},
        {"status": "gone"},
        {"priority": "urgent"},
        {"title": ""},
        {"title": "t" * 201},
        {"story_points": -1},
        {"story_points": 101},
        {"item_number": 0},
        {"item_number": 2},
        {"lease_expires_at": "2026-01-01"},
    ],
    ids=str,
)
def test_database_refuses_what_the_rules_do(make_item: Make, values: dict[str, Any]) -> None:
    item = make_item()
    make_item()
    refused_by_the_database(WorkItem, item.pk, **values)


def test_database_keeps_an_epic_on_top_and_nothing_under_itself(make_item: Make) -> None:
    epic, other, task = make_item(item_type="epic"), make_item(item_type="epic"), make_item()
    refused_by_the_database(WorkItem, epic.pk, parent_id=other.pk.hex)
    refused_by_the_database(WorkItem, task.pk, parent_id=task.pk.hex)


@pytest.mark.parametrize("values", [{"status_value": "gone"}, {"status_value": "done"}, {"wip_limit": 0}], ids=str)
def test_database_refuses_wrong_lanes(project: Project, values: dict[str, Any]) -> None:
    refused_by_the_database(SwimLane, SwimLane.objects.get(status_value="todo").pk, **values)


def test_database_refuses_wrong_dependencies(make_item: Make, user: User) -> None:
    one, two, three = make_item(), make_item(), make_item()
    link = Dependency.objects.create(actor=user, blocking_item=one, blocked_item=two)
    Dependency.objects.create(actor=user, blocking_item=one, blocked_item=three)
    refused_by_the_database(Dependency, link.pk, dependency_type="hates")
    refused_by_the_database(Dependency, link.pk, blocked_item_id=one.pk.hex)
    refused_by_the_database(Dependency, link.pk, blocked_item_id=three.pk.hex)


def test_labels_are_trimmed_unique_and_never_null(make_item: Make, user: User) -> None:
    item = make_item(labels=[" b ", "a", "b", " "])
    assert item.labels == ["b", "a"]
    assert make_item(labels=None).labels == []
    assert item.update(actor=user, labels=None)
    assert WorkItem.objects.get(pk=item.pk).labels == []


def test_labels_that_differ_in_case_are_one(make_item: Make, user: User) -> None:
    item = make_item(labels=["Bug,bug", "ÄNDERUNG", "änderung", "Straße", "STRASSE"])
    assert item.labels == ["Bug", "ÄNDERUNG", "Straße"]
    for names in (["BUG"], ["änderung"], ["strasse", "bug"], ["Bug", "ÄNDERUNG", "straße"], []):
        assert list(WorkItem.objects.labelled(*names)) == [item], names
    make_item(labels=["änderung"])
    assert WorkItem.objects.labelled("Änderung").count() == 2
    for names in (["bugs"], ["bu"], ["bug", "feature"], [""]):
        assert not WorkItem.objects.labelled(*names).exists()
    WorkItem.objects.filter(pk=item.pk).delete()
    assert WorkItem.objects.labelled("bug").count() == 0


def test_index_of_labels_follows_the_items(make_item: Make, user: User) -> None:
    item = make_item(labels=["a", "b"])
    other = make_item(labels=["b"])
    item.update(actor=user, labels=["c"])
    names = ItemLabel.objects.order_by("name").values_list("name", "work_item_id")
    assert list(names) == [("b", other.pk), ("c", item.pk)]


@pytest.mark.parametrize("status", ["backlog", "todo", "in_progress", "review", "blocked"])
def test_reopened_item_is_not_completed(make_item: Make, user: User, status: str) -> None:
    item = make_item(status="done")
    assert item.completed_at is not None
    item.update(actor=user, title="Still done")
    assert WorkItem.objects.get().completed_at is not None
    item.update(actor=user, status=status)
    assert WorkItem.objects.get().completed_at is None
    item.update(actor=user, status="done")
    assert WorkItem.objects.get().completed_at is not None


@pytest.mark.parametrize("points", [-1, 101])
def test_points_are_bounded(make_item: Make, user: User, points: int) -> None:
    for write in (lambda: make_item(story_points=points), lambda: make_item().update(actor=user, story_points=points)):
        with pytest.raises(ValidationError) as caught:
            write()
        assert set(caught.value.message_dict) == {"story_points"}


def test_refused_delete_deletes_nothing(make_item: Make, user: User, project: Project) -> None:
    story = make_item(item_type="story")
    make_item(parent=story)
    project.archive(actor=user)
    story = WorkItem.objects.get(pk=story.pk)
    count = Activity.objects.count()
    with pytest.raises(Archived):
        story.soft_delete(actor=user, recursive=True)
    assert (WorkItem.objects.living().count(), Activity.objects.count()) == (2, count)


def test_stale_instance_overwrites_nothing(make_item: Make, user: User) -> None:
    item = make_item()
    stale = WorkItem.objects.get(pk=item.pk)
    item.update(actor=user, title="Second")
    for write in (
        lambda: stale.update(actor=user, title="Third"),
        lambda: stale.claim(actor=user),
        lambda: stale.soft_delete(actor=user),
    ):
        with pytest.raises(Conflict):
            write()
    assert WorkItem.objects.get().title == "Second"


def test_deleted_item_is_not_written(make_item: Make, user: User) -> None:
    item, other = make_item(), make_item()
    lease_id = item.claim(actor=user)
    item.soft_delete(actor=user)
    for write in (
        lambda: item.update(actor=user, title="New"),
        lambda: item.soft_delete(actor=user),
        lambda: item.claim(actor=user),
        lambda: item.renew(lease_id=lease_id),
        lambda: item.release(actor=user, force=True),
        lambda: item.release(actor=user, lease_id=lease_id),
        lambda: item.move(actor=user, before=other),
    ):
        with pytest.raises(Conflict, match="restore it first"):
            write()
    assert WorkItem.objects.get(pk=item.pk).version == 3


def test_claim_is_refused_while_the_lease_lasts(make_item: Make, user: User) -> None:
    item = make_item()
    item.claim(actor=user)
    with pytest.raises(Claimed) as caught:
        WorkItem.objects.get().claim(actor=user)
    assert (caught.value.holder, caught.value.until) == ("ada", item.lease_expires_at)


def test_ancestors_and_descendants_are_one_query(make_item: Make, django_assert_num_queries: Any) -> None:
    epic = make_item(item_type="epic")
    story = make_item(item_type="story", parent=epic)
    tasks = [make_item(parent=story) for _ in range(3)]
    with django_assert_num_queries(2):
        assert set(WorkItem.objects.descendants_of(epic.pk)) == {story, *tasks}
        assert set(WorkItem.objects.ancestors_of(tasks[0].pk)) == {story, epic}


def test_circle_through_many_ways_is_found_at_once(make_item: Make, user: User) -> None:
    # Each rung of a ladder doubles the number of paths: a search that walks them all never ends.
    rungs = [(make_item(), make_item()) for _ in range(40)]
    for low, high in itertools.pairwise(rungs):
        for one in low:
            for two in high:
                Dependency.objects.create(actor=user, blocking_item=one, blocked_item=two)
    with pytest.raises(Cycle) as caught:
        Dependency.objects.create(actor=user, blocking_item=rungs[1][0], blocked_item=rungs[0][0])
    assert caught.value.path == ["PONE-3", "PONE-1", "PONE-3"]
    with pytest.raises(Cycle) as caught:
        Dependency.objects.create(actor=user, blocking_item=rungs[-1][0], blocked_item=rungs[0][0])
    assert len(caught.value.path) == 41

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from projects.models import Activity, ItemLabel, Project, User, WorkItem
from projects.models.exceptions import Archived, Conflict
from tests.projects.models.constraints import refused_by_the_database

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


@pytest.mark.parametrize(
    "values",
    [
        {"item_type": "idea"},
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
def test_database_refuses_wrong_values(make_item: Make, values: dict[str, Any]) -> None:
    item = make_item()
    make_item()
    refused_by_the_database(WorkItem, item.pk, **values)


def test_labels_are_trimmed_unique_and_never_null(make_item: Make, user: User) -> None:
    item = make_item(labels=[" b ", "a", "b", " "])
    assert item.labels == ["b", "a"]
    assert make_item(labels=None).labels == []
    assert item.update(actor=user, labels=None)
    assert WorkItem.objects.get(pk=item.pk).labels == []


def test_labels_are_case_insensitive(make_item: Make, user: User) -> None:
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


def test_label_index_follows_the_items(make_item: Make, user: User) -> None:
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


def test_started_at_is_the_first_start(make_item: Make, user: User) -> None:
    item = make_item()
    assert item.started_at is None
    item.update(actor=user, status="in_progress")
    first = WorkItem.objects.get().started_at
    assert first is not None
    item.update(actor=user, status="todo")
    item.update(actor=user, status="in_progress")
    assert WorkItem.objects.get().started_at == first


def test_item_numbers_are_never_reused(make_item: Make, user: User) -> None:
    make_item()
    make_item().soft_delete(actor=user)
    WorkItem.objects.deleted().delete()
    assert make_item().item_number == 3


@pytest.mark.parametrize("points", [-1, 101])
def test_points_outside_their_range_are_refused(make_item: Make, user: User, points: int) -> None:
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


def test_write_to_a_deleted_item_is_refused(make_item: Make, user: User) -> None:
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

"""An archived project is read-only: every way of writing is refused by its model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from projects.models import Activity, Comment, Dependency, Project, Sprint, SwimLane, TimeEntry, User, WorkItem
from projects.models.base import Entity
from projects.models.exceptions import Archived

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]
DAYS = {"start_date": dt.date(2026, 1, 1), "end_date": dt.date(2026, 1, 14)}
NINE = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
# By entity type: values of another one, and a change.
NEW: dict[str, Callable[[WorkItem, WorkItem], dict[str, Any]]] = {
    "work_item": lambda item, other: {"project": item.project, "title": "New", "item_type": "task"},
    "sprint": lambda item, other: {"project": item.project, "name": "Two", **DAYS},
    "swim_lane": lambda item, other: {"project": item.project, "name": "Waiting", "status_value": "blocked"},
    "comment": lambda item, other: {"work_item": item, "content": "New"},
    "dependency": lambda item, other: {"blocking_item": other, "blocked_item": item},
    "time_entry": lambda item, other: {"work_item": item, "started_at": NINE, "ended_at": NINE + dt.timedelta(hours=1)},
}
CHANGE: dict[str, dict[str, Any]] = {
    "work_item": {"title": "Changed"},
    "sprint": {"name": "Changed"},
    "swim_lane": {"name": "Changed"},
    "comment": {"content": "Changed"},
    "time_entry": {"description": "Changed"},
}


@pytest.fixture
def items(make_item: Make, user: User, project: Project) -> tuple[WorkItem, WorkItem]:
    """Two items of a project that has a row of every entity and is archived."""
    one, two = make_item(), make_item()
    Sprint.objects.create(actor=user, project=project, name="One", **DAYS)
    Comment.objects.create(actor=user, work_item=one, content="Text")
    Dependency.objects.create(actor=user, blocking_item=one, blocked_item=two)
    TimeEntry.objects.start(one, actor=user)
    project.archive(actor=user)
    return one, two


def refused(write: Callable[[], object]) -> None:
    count = Activity.objects.count()
    with pytest.raises(Archived, match='PONE is archived and read-only; set its status to "active" first'):
        write()
    assert Activity.objects.count() == count


@pytest.mark.parametrize("kind", NEW)
def test_nothing_is_created(items: tuple[WorkItem, WorkItem], user: User, kind: str) -> None:
    values = NEW[kind](*items) | ({"user": user} if kind == "time_entry" else {})
    refused(lambda: Entity.by_type[kind](**values).insert(actor=user))


@pytest.mark.parametrize("kind", CHANGE)
def test_nothing_is_changed(items: tuple[WorkItem, WorkItem], user: User, kind: str) -> None:
    entity = Entity.by_type[kind]._base_manager.all()[0]
    refused(lambda: entity.update(actor=user, **CHANGE[kind]))


@pytest.mark.parametrize("kind", NEW)
def test_nothing_is_deleted_or_restored(items: tuple[WorkItem, WorkItem], user: User, kind: str) -> None:
    entity = Entity.by_type[kind]._base_manager.all()[0]
    refused(lambda: entity.soft_delete(actor=user))
    type(entity)._base_manager.filter(pk=entity.pk).update(deleted_at=NINE)
    entity = type(entity)._base_manager.get(pk=entity.pk)
    refused(lambda: entity.restore(actor=user))


def test_nothing_is_moved_or_claimed(items: tuple[WorkItem, WorkItem], user: User) -> None:
    one, two = items
    refused(lambda: two.move(actor=user, before=one))
    refused(lambda: one.claim(actor=user))


def test_no_sprint_begins_or_ends(items: tuple[WorkItem, WorkItem], user: User) -> None:
    sprint = Sprint.objects.get()
    refused(lambda: sprint.start(actor=user))
    refused(lambda: sprint.cancel(actor=user))


def test_lanes_keep_their_order(items: tuple[WorkItem, WorkItem], user: User) -> None:
    lanes = list(SwimLane.objects.living().values_list("pk", flat=True))
    refused(lambda: SwimLane.objects.reorder(items[0].project, lanes[::-1], actor=user))


def test_active_project_is_writable_again(items: tuple[WorkItem, WorkItem], user: User) -> None:
    items[0].project.activate(actor=user)
    assert items[0].update(actor=user, title="Changed")

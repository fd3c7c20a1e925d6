from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

from projects.entities.registry import ENTITIES
from projects.models import (
    Attachment,
    Check,
    CheckRun,
    Comment,
    Criterion,
    Dependency,
    Label,
    Project,
    Question,
    Review,
    SavedView,
    Sprint,
    SwimLane,
    TimeEntry,
    User,
    Waiver,
    WorkItem,
)
from projects.models.base import Entity
from projects.models.deletion import purge

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


@pytest.fixture
def sprint(project: Project, user: User) -> Sprint:
    return Sprint.objects.create(
        actor=user, project=project, name="One", start_date=dt.date(2026, 1, 1), end_date=dt.date(2026, 1, 14)
    )


def backdate(*entities: Entity) -> None:
    for entity in entities:
        type(entity)._base_manager.filter(pk=entity.pk).update(deleted_at=timezone.now() - dt.timedelta(days=31))


def test_purge_of_a_project_removes_a_row_of_every_entity(
    project: Project, sprint: Sprint, make_item: Make, user: User, owner: User
) -> None:
    one, two = make_item(), make_item()
    Comment.objects.create(actor=user, work_item=one, content="Text")
    Dependency.objects.create(actor=user, blocking_item=one, blocked_item=two)
    TimeEntry.objects.start(one, actor=user)
    Question.objects.create(actor=user, work_item=one, text="Why?")
    Criterion.objects.create(actor=user, work_item=one, text="It holds")
    check = Check.objects.create(actor=owner, project=project, name="tests", command="true")
    CheckRun.objects.create(actor=owner, work_item=one, project_check=check, outcome="passed")
    Review.objects.create(actor=user, work_item=one)
    Waiver.objects.create(actor=owner, work_item=one, reason="Because")
    SavedView.objects.create(actor=user, project=project, name="Bugs", filters="type=bug")
    Label.objects.create(actor=user, project=project, name="bug", colour="red")
    Attachment.objects.create(actor=user, work_item=one, name="a.png", content=b"content")
    lanes = SwimLane.objects.count()
    project.soft_delete(actor=user)
    backdate(project)
    assert purge(30) == dict.fromkeys((entity.name for entity in ENTITIES), 1) | {"work_item": 2, "swim_lane": lanes}
    connection.check_constraints()


def test_purge_keeps_a_sprint_until_its_deleted_items_are_purged(sprint: Sprint, make_item: Make, user: User) -> None:
    item = make_item(sprint=sprint)
    item.soft_delete(actor=user)
    sprint.soft_delete(actor=user)
    backdate(sprint)
    assert purge(30) == {}
    backdate(item)
    assert purge(30) == {"sprint": 1, "work_item": 1}


def test_purge_keeps_ancestors_of_an_item_that_stays(make_item: Make, user: User) -> None:
    epic = make_item(item_type="epic")
    story = make_item(item_type="story", parent=epic)
    task = make_item(parent=story)
    epic.soft_delete(actor=user, recursive=True)
    backdate(epic, story)
    assert purge(30) == {}
    backdate(task)
    assert purge(30) == {"work_item": 3}

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from projects.models import Activity, Comment, Dependency, ItemLabel, Project, SwimLane, User, WorkItem
from projects.models.deletion import purge
from projects.transfer import export, importer

Make = Callable[..., Any]


def age(days: int) -> None:
    """Backdate all deletions by `days` days."""
    moment = timezone.now() - timedelta(days=days)
    for model in (Project, WorkItem, Comment, Dependency):
        model.objects.deleted().update(deleted_at=moment)


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("purge", *arguments, stdout=out)
    return out.getvalue().strip()


def exported() -> bytes:
    file = io.BytesIO()
    export.write(file)
    return file.getvalue()


@pytest.fixture
def deleted(make_item: Make, user: User) -> WorkItem:
    """An item with a label, a comment and a dependency, deleted 31 days ago."""
    item, other = make_item("Gone", labels=["old"]), make_item("Stays")
    Comment.objects.create(actor=user, work_item=item, content="Hidden")
    Dependency.objects.create(actor=user, blocking_item=item, blocked_item=other)
    item.soft_delete(actor=user)
    age(31)
    return item


def test_what_was_deleted_long_ago_goes_with_what_hangs_on_it(deleted: WorkItem) -> None:
    assert run() == "removed: 1 comment, 1 dependency, 1 work item"
    assert [item.title for item in WorkItem.objects.all()] == ["Stays"]
    assert not (Comment.objects.exists())
    assert not (Dependency.objects.exists())
    assert not (ItemLabel.objects.exists())
    assert Activity.objects.filter(entity_id=deleted.pk).count() == 2
    connection.check_constraints()
    assert run() == "removed: nothing"


def test_younger_deletions_stay(deleted: WorkItem) -> None:
    assert run("--days", "60") == "removed: nothing"
    assert WorkItem.objects.filter(pk=deleted.pk).exists()


def test_dry_run_removes_nothing(deleted: WorkItem) -> None:
    assert run("--dry-run") == "would remove: 1 comment, 1 dependency, 1 work item"
    assert WorkItem.objects.filter(pk=deleted.pk).exists()


def test_deletion_stays_known(deleted: WorkItem, user: User) -> None:
    before = exported()
    run()
    assert exported() == before
    row = {
        "id": str(deleted.pk), "project_id": str(deleted.project_id), "item_number": 1, "item_type": "task",
        "title": "Old", "created_at": 1, "created_by": str(user.pk),
    }  # fmt: skip
    content = json.dumps({"schema_version": 1, "work_items": [row]}).encode()
    assert importer.read(io.BytesIO(content), actor=user)["work_items"]["skipped"] == 1


def test_parent_waits_for_a_child_that_was_deleted_later(make_item: Make, user: User) -> None:
    epic = make_item("Epic", item_type="epic")
    story = make_item("Story", item_type="story", parent=epic)
    epic.soft_delete(actor=user, recursive=True)
    age(31)
    WorkItem.objects.filter(pk=story.pk).update(deleted_at=timezone.now())
    assert purge(30) == {}
    age(31)
    assert purge(30) == {"work_item": 2}


def test_project_goes_with_all_that_is_in_it(project: Project, make_item: Make, user: User) -> None:
    make_item("In it")
    project.soft_delete(actor=user)
    age(31)
    assert purge(30) == {"project": 1, "swim_lane": 5, "work_item": 1}
    assert not (Project.objects.exists())
    assert not (SwimLane.objects.exists())
    connection.check_constraints()


def test_wrong_number_of_days_is_refused(db: None) -> None:
    with pytest.raises(CommandError):
        run("--days", "-1")

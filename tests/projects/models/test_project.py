from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Value

from projects.models import Project, User, WorkItem
from projects.models.exceptions import Archived, Conflict, StaleVersion
from projects.models.project import MAX_NUMBER
from tests.projects.conftest import of_projects

pytestmark = pytest.mark.django_db


def test_stale_instance_overwrites_nothing(project: Project, user: User) -> None:
    stale = Project.objects.get(pk=project.pk)
    project.update(actor=user, title="Second")
    with pytest.raises(StaleVersion) as caught:
        stale.update(actor=user, title="Third")
    assert caught.value.current.version == 2
    assert [str(change) for change in caught.value.changes] == ["ada updated title"]
    assert "ada updated title" in str(caught.value)
    assert Project.objects.get().title == "Second"
    assert of_projects().count() == 2


def test_write_to_a_deleted_project_is_refused(project: Project, user: User) -> None:
    project.soft_delete(actor=user)
    for write in (lambda: project.update(actor=user, title="New"), lambda: project.soft_delete(actor=user)):
        with pytest.raises(Conflict, match="restore it first"):
            write()


def test_archived_project_is_read_only(project: Project, user: User) -> None:
    assert project.archive(actor=user)
    assert not project.archive(actor=user)
    with pytest.raises(Archived):
        project.update(actor=user, title="New")
    with pytest.raises(Archived):
        project.soft_delete(actor=user)
    assert project.activate(actor=user)
    assert project.version == 3


def test_validation_reports_all_wrong_values(user: User, project: Project) -> None:
    with pytest.raises(ValidationError) as caught:
        Project.objects.create(actor=user, key="1", title="", description="\x00")
    assert set(caught.value.message_dict) == {"key", "title", "description"}
    with pytest.raises(ValidationError) as caught:
        project.update(actor=user, key="OTHER", title=" ", status="gone")
    assert set(caught.value.message_dict) == {"key", "title", "status"}


def test_refused_write_leaves_no_activity(project: Project, user: User, make_project: Callable[..., Project]) -> None:
    with pytest.raises(Conflict):
        make_project("pone")
    assert of_projects().count() == 1


@pytest.mark.parametrize(
    "values",
    [
        {"key": "p1"},
        {"key": "P"},
        {"key": "P" * 21},
        {"key": "1P"},
        {"key": "P-1"},
        {"title": ""},
        {"title": "t" * 201},
        {"status": "gone"},
        {"version": 0},
        {"next_work_item_number": 0},
    ],
)
def test_database_refuses_wrong_values(project: Project, values: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        # Bypass the model fields, which would normalise the value.
        Project.objects.filter(pk=project.pk).update(**{name: Value(value) for name, value in values.items()})


def test_database_keeps_keys_of_living_projects_unique(project: Project, make_project: Callable[..., Project]) -> None:
    other = make_project("OTHER")
    with pytest.raises(IntegrityError), transaction.atomic():
        Project.objects.filter(pk=other.pk).update(key="PONE")
    project.soft_delete(actor=project.created_by)
    Project.objects.filter(pk=other.pk).update(key="PONE")


@pytest.mark.parametrize("title", ["a" * 200, "💥" * 200, "<script>alert(1)</script>", "' OR 1=1 --", "日本語"])
def test_any_printable_title_is_kept(make_project: Callable[..., Project], title: str) -> None:
    assert Project.objects.get(pk=make_project(title=title).pk).title == title


def test_item_beyond_the_last_number_is_refused(project: Project, user: User) -> None:
    Project.objects.update(next_work_item_number=MAX_NUMBER)
    item = WorkItem.objects.create(actor=user, project=project, item_type="task", title="last")
    assert WorkItem.objects.identified_by(f"PONE-{MAX_NUMBER}").get() == item
    with pytest.raises(Conflict, match="used all work item numbers"):
        WorkItem.objects.create(actor=user, project=project, item_type="task", title="one more")
    project.refresh_from_db()
    assert project.next_work_item_number == MAX_NUMBER + 1


@pytest.mark.parametrize("text", ["", "\ud800", "straße", "ſs", "a b", "x" * 1000, "1A", "%"])
def test_invalid_key_identifies_no_project(user: User, text: str) -> None:
    for key in ("STRASSE", "SS"):
        Project.objects.create(actor=user, key=key, title="t")
    assert Project.objects.identified_by(text).first() is None
    assert Project.objects.identified_by("strasse").get().key == "STRASSE"


def test_key_of_a_living_project_is_taken(project: Project, user: User, make_project: Callable[..., Project]) -> None:
    with pytest.raises(Conflict, match="another project has the key PONE") as caught:
        make_project("pone")
    assert caught.value.field == "key"
    project.soft_delete(actor=user)
    make_project("pone")
    with pytest.raises(Conflict, match="another project has the key PONE"):
        project.restore(actor=user)


@pytest.mark.parametrize("key", ["P", "P" * 21, "1P", "_P", "P-1", "PÖNE", "ß1", ""])
def test_invalid_key_is_refused(make_project: Callable[..., Project], key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make_project(key, title="Title")
    assert set(caught.value.message_dict) == {"key"}


def test_living_entity_is_not_restored(project: Project, user: User) -> None:
    with pytest.raises(Conflict, match="PONE is not deleted"):
        project.restore(actor=user)


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("My app", "MA"),
        ("Website", "WEBSI"),
        ("Über uns", "UU"),
        ("2 fast 4 you", "F4Y"),
        ("x", "XPM"),
        ("日本", "PROJ"),
    ],
)
def test_a_title_suggests_a_key(title: str, key: str) -> None:
    assert Project.objects.free_key(title) == key


def test_a_suggested_key_is_free(make_project: Callable[..., Project]) -> None:
    make_project("MA")
    make_project("MA2")
    assert Project.objects.free_key("My app") == "MA3"

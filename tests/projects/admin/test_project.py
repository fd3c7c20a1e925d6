from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from projects.entities.project import DEFAULT_POLICIES
from projects.models import Project, User
from tests.projects.conftest import of_projects

pytestmark = pytest.mark.django_db
LIST = "/admin/projects/project/"


def page(project: Project) -> str:
    return f"{LIST}{project.pk}/change/"


def form(project: Project, **values: Any) -> dict[str, Any]:
    fields = {"title": project.title, "description": project.description, "status": project.status}
    return {**DEFAULT_POLICIES, **fields, "expected_version": project.version, **values}


def run(browser: Client, action: str, *projects: Project, **parameters: str) -> str:
    data = {"action": action, "_selected_action": [str(project.pk) for project in projects]}
    response = browser.post(LIST, data, query_params=parameters)
    assert response.status_code == 302
    return browser.get(response["Location"]).content.decode()


def last() -> tuple[str, str]:
    activity = of_projects().latest("id")
    return activity.action, activity.actor.username


def test_list_shows_searches_and_filters(browser: Client, make_project: Callable[..., Project]) -> None:
    make_project("ONE", title="Alpha")
    make_project("TWO", title="Beta", status="archived")
    make_project("GONE", title="Gamma").soft_delete(actor=User.objects.actor("ada"))

    def shown(**parameters: str) -> set[str]:
        content = browser.get(LIST, parameters).content.decode()
        return {title for title in ("Alpha", "Beta", "Gamma") if f">{title}</a>" in content}

    assert shown() == {"Alpha", "Beta"}
    assert shown(q="alph") == {"Alpha"}
    assert shown(status__exact="archived") == {"Beta"}
    assert shown(deleted="yes") == {"Gamma"}


def test_add_project(browser: Client, owner: User) -> None:
    data = {**DEFAULT_POLICIES, "key": "pone", "title": " First ", "description": "", "status": "active"}
    assert browser.post(f"{LIST}add/", data).status_code == 302
    project = Project.objects.get()
    assert (project.key, project.title, project.created_by) == ("PONE", "First", owner)
    assert last() == ("created", owner.username)
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"key": "PONE"}, "another project has the key PONE"),
        ({"key": "1"}, "must be 2 to 20"),
        ({"title": "   "}, "required"),
        ({"title": "a\x1bb"}, "U+001B"),
        ({"description": "d" * 150_001}, "at most 150000"),
    ],
)
def test_invalid_project_is_not_added(browser: Client, project: Project, values: dict[str, str], message: str) -> None:
    data = DEFAULT_POLICIES | {"key": "OTHER", "title": "t", "description": "", "status": "active"} | values
    response = browser.post(f"{LIST}add/", data)
    assert response.status_code == 200
    assert message in response.content.decode()
    assert Project.objects.count() == 1


def test_saved_change_is_recorded(browser: Client, project: Project, owner: User) -> None:
    assert browser.post(page(project), form(project, title="New")).status_code == 302
    project.refresh_from_db()
    assert (project.title, project.version, project.updated_by) == ("New", 2, owner)
    assert of_projects().latest("id").changes == [{"field": "title", "old": "First", "new": "New"}]


def test_save_without_a_change_writes_nothing(browser: Client, make_project: Callable[..., Project]) -> None:
    project = make_project(description="two\nlines")
    # A browser sends its own line ends.
    assert browser.post(page(project), form(project, description="two\r\nlines\r\n")).status_code == 302
    project.refresh_from_db()
    assert project.version == 1


def test_conflicting_edit_shows_what_changed(browser: Client, project: Project) -> None:
    opened = form(project, title="Mine")
    project.update(actor=User.objects.actor("eve"), title="Hers")
    response = browser.post(page(project), opened)
    assert response.status_code == 200
    content = response.content.decode()
    assert "eve updated title" in content
    assert "Mine" in content  # typed values are kept
    project.refresh_from_db()
    assert (project.title, project.version) == ("Hers", 2)


def test_key_and_stamps_are_read_only(browser: Client, project: Project) -> None:
    browser.post(page(project), form(project, key="OTHER", version="9", created_by="1", next_work_item_number="9"))
    fresh = Project.objects.get()
    assert (fresh.key, fresh.version, fresh.next_work_item_number) == ("PONE", 1, 1)
    content = browser.get(page(project)).content.decode()
    assert 'name="key"' not in content
    assert 'name="version"' not in content


def test_page_shows_the_activity_safely(browser: Client, project: Project) -> None:
    project.update(actor=User.objects.actor("<script>eve"), title="New")
    content = browser.get(page(project)).content.decode()
    assert "<td>&lt;script&gt;eve</td>" in content
    assert "<b>title</b> First → New" in content
    assert "<script>eve" not in content


def test_history_is_the_activity(browser: Client, project: Project) -> None:
    response = browser.get(f"{LIST}{project.pk}/history/", follow=True)
    assert response.redirect_chain[0][0] == f"/admin/projects/activity/?entity_id__exact={project.pk}"
    assert b"1 activity" in response.content


def test_delete_button_soft_deletes(browser: Client, project: Project, owner: User) -> None:
    assert b"Are you sure" in browser.get(f"{LIST}{project.pk}/delete/").content
    assert browser.post(f"{LIST}{project.pk}/delete/", {"post": "yes"}).status_code == 302
    project.refresh_from_db()
    assert project.deleted_at is not None
    assert last() == ("deleted", owner.username)
    assert not LogEntry.objects.exists()


def test_deleted_project_is_read_only(browser: Client, project: Project, owner: User) -> None:
    project.soft_delete(actor=owner)
    assert b'name="title"' not in browser.get(page(project)).content
    assert browser.post(page(project), form(project, title="New")).status_code == 403
    assert browser.post(f"{LIST}{project.pk}/delete/", {"post": "yes"}).status_code == 403


def test_actions_go_through_the_model(browser: Client, make_project: Callable[..., Project], owner: User) -> None:
    one, two = make_project("ONE"), make_project("TWO")
    assert "2 archived." in run(browser, "archive", one, two)
    assert last() == ("updated", owner.username)
    assert "1 reactivated." in run(browser, "activate", one)
    refused = run(browser, "delete_selected", one, two)
    assert "1 deleted, 1 refused." in refused
    assert "TWO is archived and read-only" in refused
    assert last() == ("deleted", owner.username)
    assert "1 restored." in run(browser, "restore", one, deleted="yes")
    assert last() == ("restored", owner.username)
    assert list(Project.objects.living().values_list("key", "version", "status")) == [
        ("ONE", 5, "active"),
        ("TWO", 2, "archived"),
    ]


def test_restore_with_a_taken_key_is_refused(browser: Client, make_project: Callable[..., Project]) -> None:
    gone = make_project("ONE")
    gone.soft_delete(actor=gone.created_by)
    make_project("ONE")
    assert "nother project has the key ONE" in run(browser, "restore", gone, deleted="yes")


def test_only_the_status_of_an_archived_project_can_change(browser: Client, make_project: Any) -> None:
    project = make_project(status="archived")
    content = browser.get(page(project)).content.decode()
    assert 'name="status"' in content
    assert 'name="title"' not in content
    browser.post(page(project), form(project, title="New"))
    project.refresh_from_db()
    assert project.title == "Pone"
    browser.post(page(project), form(project, status="active"))
    project.refresh_from_db()
    assert project.status == "active"


@pytest.mark.parametrize("path", ["", "change"])
def test_query_count_is_constant(browser: Client, make_project: Callable[..., Project], path: str) -> None:
    counts = []
    project = make_project("PONE")
    for number in range(3):
        make_project(f"KEY{number}", actor=f"user {number}")
        project.update(actor=User.objects.actor(f"user {number}"), title=f"T{number}")
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(LIST if not path else page(project)).status_code == 200
        counts.append(len(queries))
    assert len(set(counts)) == 1
    assert counts[0] <= 6

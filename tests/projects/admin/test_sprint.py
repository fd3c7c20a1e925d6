from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from projects.models import Activity, Project, Sprint, User

pytestmark = pytest.mark.django_db
LIST = "/admin/projects/sprint/"
DATES = {"start_date": "2026-01-05", "end_date": "2026-01-16"}
Make = Callable[..., Any]


@pytest.fixture
def make_sprint(project: Project, user: User) -> Make:
    def make(name: str = "S1", **values: Any) -> Sprint:
        return Sprint.objects.create(
            actor=user,
            name=name,
            **({"project": project, "start_date": date(2026, 1, 5), "end_date": date(2026, 1, 16)} | values),
        )

    return make


def page(sprint: Sprint) -> str:
    return f"{LIST}{sprint.pk}/change/"


def form(sprint: Sprint, **values: Any) -> dict[str, Any]:
    return {"name": sprint.name, "goal": sprint.goal, **DATES, "expected_version": sprint.version, **values}


def run(browser: Client, action: str, *sprints: Sprint, numbers: str = "", **parameters: str) -> str:
    """Return the page with the messages of a list action; `numbers` submits the confirmation page."""
    data: dict[str, Any] = {"action": action, "_selected_action": [str(sprint.pk) for sprint in sprints]}
    data |= {"index": "0", "numbers": numbers} if numbers else {}
    response = browser.post(LIST, data, query_params=parameters)
    assert response.status_code == 302
    return browser.get(response["Location"]).content.decode()


def last() -> tuple[str, str, str]:
    activity = Activity.objects.latest("id")
    return activity.entity_type, activity.action, activity.actor.username


def test_list_shows_searches_and_filters(browser: Client, make_sprint: Make, user: User) -> None:
    make_sprint("Alpha", goal="ship")
    make_sprint("Beta").start(actor=user)
    make_sprint("Gamma").soft_delete(actor=user)

    def shown(**parameters: str) -> set[str]:
        content = browser.get(LIST, parameters).content.decode()
        return {name for name in ("Alpha", "Beta", "Gamma") if f">{name}</a>" in content}

    assert shown() == {"Alpha", "Beta"}
    assert shown(q="ship") == {"Alpha"}
    assert shown(q="pone") == {"Alpha", "Beta"}
    assert shown(status__exact="active") == {"Beta"}
    assert shown(deleted="yes") == {"Gamma"}


def test_add_sprint(browser: Client, project: Project, owner: User) -> None:
    data = {"project": str(project.pk), "name": " S1 ", "goal": "", **DATES}
    assert browser.post(f"{LIST}add/", data).status_code == 302
    sprint = Sprint.objects.get()
    assert (sprint.name, sprint.status, sprint.created_by) == ("S1", "planned", owner)
    assert last() == ("sprint", "created", owner.username)
    assert Activity.objects.filter(entity_type="sprint").count() == 1
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": " "}, "required"),
        ({"name": "n" * 101}, "at most 100"),
        ({"end_date": "2026-01-05"}, "must be after start_date"),
        ({"project": ""}, "required"),
        ({"start_date": "tomorrow"}, "valid date"),
    ],
)
def test_invalid_sprint_is_not_added(browser: Client, project: Project, values: dict[str, str], message: str) -> None:
    response = browser.post(f"{LIST}add/", {"project": str(project.pk), "name": "S1", "goal": "", **DATES, **values})
    assert response.status_code == 200
    assert message in response.content.decode()
    assert not Sprint.objects.exists()


def test_sprint_of_an_archived_or_deleted_project_is_not_added(browser: Client, project: Project, user: User) -> None:
    data = {"project": str(project.pk), "name": "S1", "goal": "", **DATES}
    project.archive(actor=user)
    assert "PONE is archived" in browser.post(f"{LIST}add/", data).content.decode()
    project.activate(actor=user)
    project.soft_delete(actor=user)
    assert "valid choice" in browser.post(f"{LIST}add/", data).content.decode()
    assert not Sprint.objects.exists()


def test_saved_sprint_is_written_by_the_model(browser: Client, make_sprint: Make, owner: User) -> None:
    sprint = make_sprint()
    assert browser.post(page(sprint), form(sprint, name="New", status="completed")).status_code == 302
    sprint.refresh_from_db()
    assert (sprint.name, sprint.status, sprint.version, sprint.updated_by) == ("New", "planned", 2, owner)
    assert Activity.objects.latest("id").changes == [{"field": "name", "old": "S1", "new": "New"}]
    assert browser.post(page(sprint), form(sprint)).status_code == 302
    sprint.refresh_from_db()
    assert sprint.version == 2  # nothing was changed


def test_conflicting_edit_shows_what_changed(browser: Client, make_sprint: Make) -> None:
    sprint = make_sprint()
    opened = form(sprint, name="Mine")
    sprint.update(actor=User.objects.actor("eve"), name="Hers")
    content = browser.post(page(sprint), opened).content.decode()
    assert "eve updated name" in content
    assert "Mine" in content
    assert Sprint.objects.get().name == "Hers"


def test_completed_sprint_is_not_edited_or_deleted(browser: Client, make_sprint: Make, user: User) -> None:
    sprint = make_sprint()
    sprint.start(actor=user)
    sprint.complete(actor=user)
    assert "completed; it can&#x27;t be edited" in browser.post(page(sprint), form(sprint, name="New")).content.decode()
    response = browser.post(f"{LIST}{sprint.pk}/delete/", {"post": "yes"}, follow=True)
    assert "completed; it can&#x27;t be deleted" in response.content.decode()
    sprint.refresh_from_db()
    assert (sprint.name, sprint.deleted_at) == ("S1", None)


def test_stamps_and_status_are_read_only(browser: Client, make_sprint: Make) -> None:
    content = browser.get(page(make_sprint())).content.decode()
    for name in ("project", "status", "started_at", "version", "created_by"):
        assert f'name="{name}"' not in content
    assert "<td>ada</td>" in content


def test_actions_go_through_the_model(browser: Client, make_sprint: Make, make_item: Make, owner: User) -> None:
    one, two = make_sprint("One"), make_sprint("Two")
    make_item("open", sprint_id=one.pk)
    content = run(browser, "start", one, two)
    assert "1 started, 1 refused." in content
    assert "is active; complete or cancel it first" in content
    assert last() == ("sprint", "updated", owner.username)
    active = Sprint.objects.active().get()
    assert "1 completed." in run(browser, "complete", active, numbers=f"1+{active.items().count()}")
    other = Sprint.objects.get(status="planned")
    numbers = f"1+{other.items().count()}"
    assert "planned; it can&#x27;t become completed" in run(browser, "complete", other, numbers=numbers)
    assert "1 cancelled." in run(browser, "cancel", other, numbers=numbers)


def test_completion_names_what_left(browser: Client, make_sprint: Make, make_item: Make, user: User) -> None:
    sprint = make_sprint()
    make_item("open", sprint_id=sprint.pk)
    sprint.start(actor=user)
    assert "Moved to the backlog: PONE-1." in run(browser, "complete", sprint, numbers="1+1")


def test_reopen_names_what_came_back(browser: Client, make_sprint: Make, make_item: Make, user: User) -> None:
    sprint = make_sprint()
    make_item("open", sprint_id=sprint.pk)
    sprint.cancel(actor=user)
    content = run(browser, "reopen", sprint)
    assert "1 reopened." in content
    assert "Returned to their sprint: PONE-1." in content
    sprint.refresh_from_db()
    assert (sprint.status, sprint.items().count()) == ("planned", 1)


def test_unfinished_items_move_to_the_chosen_sprint(
    browser: Client, make_sprint: Make, make_item: Make, user: User
) -> None:
    sprint, following = make_sprint("Now"), make_sprint("Then")
    item = make_item("open", sprint_id=sprint.pk)
    make_item("finished", sprint_id=sprint.pk, status="done")
    browser.post(f"{LIST}{sprint.pk}/do/start/")
    url = f"{LIST}{sprint.pk}/do/complete/"
    asked = browser.post(url).content.decode()
    assert "PONE-1 open" in asked
    assert "PONE-2" not in asked
    assert f"project={sprint.project_id}" in asked  # only sprints of the project are offered
    stale = browser.post(url, {"numbers": "1+5", "move_to": str(following.pk)}).content.decode()
    assert "The affected objects have changed" in stale
    refused = browser.post(url, {"numbers": "1+1", "move_to": str(sprint.pk)}, follow=True).content.decode()
    assert "must be another sprint" in refused
    assert Sprint.objects.get(name="Now").status == "active"
    done = browser.post(url, {"numbers": "1+1", "move_to": str(following.pk)}, follow=True).content.decode()
    assert "Moved to Then: PONE-1." in done
    item.refresh_from_db()
    assert (item.sprint, Sprint.objects.get(name="Now").status) == (following, "completed")


@pytest.mark.parametrize(
    ("status", "buttons"),
    [
        ("planned", {"start", "cancel"}),
        ("active", {"complete", "cancel", "reopen"}),
        ("completed", set()),
        ("cancelled", {"reopen"}),
        ("deleted", {"restore"}),
    ],
)
def test_page_has_the_allowed_buttons(
    browser: Client, make_sprint: Make, user: User, status: str, buttons: set[str]
) -> None:
    sprint = make_sprint()
    if status in ("active", "completed"):
        sprint.start(actor=user)
    if status == "completed":
        sprint.complete(actor=user)
    if status == "cancelled":
        sprint.cancel(actor=user)
    if status == "deleted":
        sprint.soft_delete(actor=user)
    content = browser.get(page(sprint)).content.decode()
    assert set(re.findall(r"/do/(\w+)/", content)) == buttons
    assert ('href="/sprints/PONE/"' in content) is (status != "deleted")


def test_autocomplete_offers_open_sprints_of_the_project(
    browser: Client, make_sprint: Make, make_project: Make, user: User
) -> None:
    sprint = make_sprint("Now")
    make_sprint("Elsewhere", project=make_project("OTHER"))
    make_sprint("Over").cancel(actor=user)
    query = {"app_label": "projects", "model_name": "workitem", "field_name": "sprint", "project": sprint.project_id}
    assert [row["text"] for row in browser.get("/admin/autocomplete/", query).json()["results"]] == ["Now"]
    assert browser.get("/admin/autocomplete/", query | {"project": "junk"}).status_code == 200


def test_delete_and_restore(browser: Client, make_sprint: Make) -> None:
    sprint = make_sprint()
    assert browser.post(f"{LIST}{sprint.pk}/delete/", {"post": "yes"}).status_code == 302
    sprint.refresh_from_db()
    assert sprint.deleted_at is not None
    assert 'name="name"' not in browser.get(page(sprint)).content.decode()
    assert "1 restored." in run(browser, "restore", sprint, deleted="yes")
    assert "1 deleted." in run(browser, "delete_selected", sprint)


def test_only_living_projects_are_offered(browser: Client, make_project: Make, user: User) -> None:
    make_project("ONE")
    make_project("GONE").soft_delete(actor=user)
    query = {"app_label": "projects", "model_name": "sprint", "field_name": "project", "term": "on"}
    assert [row["text"] for row in browser.get("/admin/autocomplete/", query).json()["results"]] == ["ONE One"]


@pytest.mark.slow
@pytest.mark.parametrize("path", ["", "change", "add"])
def test_query_count_is_constant(browser: Client, make_sprint: Make, make_project: Make, path: str) -> None:
    counts = []
    sprint = make_sprint()
    for number in range(30):
        project = make_project(f"KEY{number}")
        actor = User.objects.actor(f"user {number}")
        Sprint.objects.create(
            actor=actor, project=project, name="S", start_date=date(2026, 1, 5), end_date=date(2026, 1, 16)
        )
        sprint.update(actor=actor, goal=f"G{number}")
        if number in (2, 29):
            with CaptureQueriesContext(connection) as queries:
                url = {"": LIST, "change": page(sprint), "add": f"{LIST}add/"}[path]
                assert browser.get(url).status_code == 200
            counts.append(len(queries))
    assert counts[0] == counts[1] <= 8

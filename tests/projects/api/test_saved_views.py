from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Project, SavedView, User, WorkItem
from tests.projects.api.test_projects import error
from tests.projects.api.test_work_item_lists import keys

pytestmark = pytest.mark.django_db
URL = "/api/v1/saved-views/"
ITEMS = "/api/v1/work-items/"
Make = Callable[..., WorkItem]


@pytest.fixture
def items(make_item: Make, make_project: Callable[..., Project]) -> None:
    """PONE-1 task, PONE-2 high bug, PONE-3 low bug, PTWO-1 bug."""
    make_item("Zebra")
    make_item("Yak", item_type="bug", priority="high")
    make_item("Xerus", item_type="bug", priority="low")
    make_item("Wolf", item_type="bug", project=make_project("PTWO"))


def save(api: APIClient, **values: Any) -> dict[str, Any]:
    response = api.post(URL, {"project": "PONE", "name": "Bugs", "filters": "type=bug", **values})
    assert response.status_code == 201, response.content
    body: dict[str, Any] = response.json()
    return body


def test_list_of_a_view_has_its_filters_order_and_project(api: APIClient, items: None) -> None:
    save(api, sort="-priority")
    assert keys(api.get(ITEMS, {"view": "bugs"})) == ["PONE-3", "PONE-2"]
    assert keys(api.get(f"{ITEMS}ready/", {"view": "bugs"})) == ["PONE-2", "PONE-3"]


def test_view_of_all_projects_lists_all(api: APIClient, items: None) -> None:
    save(api, scope="all", sort="title")
    assert keys(api.get(ITEMS, {"view": "Bugs"})) == ["PTWO-1", "PONE-3", "PONE-2"]
    assert keys(api.get(ITEMS, {"view": "Bugs", "project": "PTWO"})) == ["PTWO-1"]


def test_other_parameters_replace_those_of_the_view(api: APIClient, items: None) -> None:
    body = save(api)
    assert keys(api.get(ITEMS, {"view": body["id"], "type": "task"})) == ["PONE-1"]
    assert keys(api.get(ITEMS, {"view": "Bugs", "priority": "high"})) == ["PONE-2"]


def test_pages_of_a_view_follow_each_other(api: APIClient, items: None) -> None:
    save(api, sort="title")
    first = api.get(ITEMS, {"view": "Bugs", "limit": "1"})
    assert keys(first) == ["PONE-3"]
    assert keys(api.get(first.json()["next"])) == ["PONE-2"]


def test_me_in_a_view_is_who_asks(api: APIClient, items: None) -> None:
    save(api, filters="assignee=@me")
    assert keys(api.get(ITEMS, {"view": "Bugs"}, HTTP_X_PM_ACTOR="bob")) == []
    WorkItem.objects.filter(title="Yak").update(assignee=User.objects.actor("bob"))
    assert keys(api.get(ITEMS, {"view": "Bugs"}, HTTP_X_PM_ACTOR="bob")) == ["PONE-2"]
    assert keys(api.get(ITEMS, {"view": "Bugs"}, HTTP_X_PM_ACTOR="carol")) == []


def test_unknown_view_names_the_nearest(api: APIClient, items: None) -> None:
    save(api, name="Open bugs")
    save(api, name="Elsewhere")
    response = api.get(ITEMS, {"view": "open bug"})
    error(response, 400, "VALIDATION_ERROR", "view")
    assert api.get(ITEMS, {"view": "OPEN-bugs"}).status_code == 200
    message = response.json()["error"]["message"]
    assert "there is no saved view open bug; there are: Open bugs" in message
    assert "Elsewhere" not in message


def test_name_in_two_projects_is_refused_without_a_project(api: APIClient, items: None) -> None:
    save(api)
    save(api, project="PTWO")
    error(api.get(ITEMS, {"view": "Bugs"}), 400, "VALIDATION_ERROR", "view")
    assert keys(api.get(ITEMS, {"view": "Bugs", "project": "PTWO"})) == ["PTWO-1"]
    error(api.post(URL, {"project": "PTWO", "name": "bugs", "filters": "type=bug"}), 409, "CONFLICT", "name")


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"filters": "colour=red"}, "filters", "colour is not a filter"),
        ({"filters": "type=feature"}, "filters", "feature is not one of epic, story"),
        ({"filters": "type="}, "filters", "has no value"),
        ({"filters": "bugs"}, "filters", "bugs is not a filter"),
        ({"filters": "view=Other"}, "filters", "view is not a filter"),
        ({"sort": "colour"}, "sort", "must be one of key"),
        ({"columns": "title,colour"}, "columns", "colour is not a column"),
    ],
)
def test_view_of_what_no_list_has_is_refused(
    api: APIClient, project: Project, values: dict[str, str], field: str, words: str
) -> None:
    body = {"project": "PONE", "name": "Bugs", **values}
    response = api.post(URL, body)
    error(response, 400, "VALIDATION_ERROR", field)
    assert words in response.json()["error"]["message"]


def test_agent_changes_only_its_own_views(api: APIClient, project: Project) -> None:
    mine = save(api, name="Mine")
    eve = User.objects.actor("eve", is_agent=False)
    hers = SavedView.objects.create(actor=eve, project=project, name="Hers", filters="type=bug")
    assert api.patch(f"{URL}{mine['id']}/", {"name": "Ours"}).status_code == 200
    error(api.patch(f"{URL}{hers.pk}/", {"name": "Ours"}), 403, "FORBIDDEN")
    error(api.delete(f"{URL}Hers/"), 403, "FORBIDDEN")
    view = SavedView.objects.get(name="Ours")
    view.update(actor=eve, name="Everybody's")
    assert view.name == "Everybody's"


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ("blocked=maybe", "blocked: maybe is not one of true, false, any, none"),
        ("asked=perhaps", "asked: perhaps is not one of true, false"),
        ("assignee=nobody-here", "assignee: there is no user nobody-here"),
        ("sprint=Nine", "sprint: there is no sprint Nine"),
        ("descendants_of=PONE-99", "descendants_of: there is no item PONE-99"),
        ("updated_since=soon", "updated_since: must be a time"),
    ],
)
def test_view_of_a_value_that_no_list_takes_is_refused(
    api: APIClient, project: Project, filters: str, words: str
) -> None:
    response = api.post(URL, {"project": "PONE", "name": "Bugs", "filters": filters})
    error(response, 400, "VALIDATION_ERROR", "filters")
    assert words in response.json()["error"]["message"]
    assert api.get(ITEMS, dict([filters.split("=")])).status_code == 400


def test_view_of_names_that_exist_is_taken(api: APIClient, items: None) -> None:
    save(api, filters="assignee=@me&assignee=none&parent=PONE-1&blocked=any&updated_since=2026-01-31")
    save(api, name="Sprint", filters="sprint=active")
    assert api.get(ITEMS, {"view": "Bugs"}).status_code == 200

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Activity, Project, Sprint, User, WorkItem
from tests.projects.api.test_projects import error

pytestmark = pytest.mark.django_db
URL = "/api/v1/work-items/"
BODY = {"project": "PONE", "item_type": "task", "title": "First"}
Make = Callable[..., WorkItem]
FIELDS = {
    *("id", "display_key", "project_id", "item_number", "item_type", "title", "description", "status", "priority"),
    *("parent_id", "parent", "sprint_id", "assignee_id", "assignee", "claimed_by", "lease_expires_at"),
    *("stuck", "labels", "closing", "evidence", "criteria"),
    *("story_points", "due_date", "external_ref", "close_reason", "position", "started_at", "completed_at"),
    *("version", "created_at", "updated_at", "created_by", "updated_by"),
}


def patch(api: APIClient, item: WorkItem, **values: Any) -> Any:
    return api.patch(f"{URL}{item.display_key}/", values)


def test_create_answers_the_item(api: APIClient, project: Project) -> None:
    response = api.post(URL, {**BODY, "project": "pone", "title": "  First ", "labels": [" a ", "b,c ,a", "a", ""]})
    assert response.status_code == 201, response.content
    body = response.json()
    assert set(body) == FIELDS
    assert (body["display_key"], body["item_number"], body["project_id"]) == ("PONE-1", 1, str(project.pk))
    assert (body["title"], body["status"], body["priority"]) == ("First", "backlog", "medium")
    assert body["labels"] == ["a", "b", "c"]
    assert (body["parent"], body["assignee"], body["story_points"], body["description"]) == (None, None, None, "")
    assert response["Location"] == f"http://testserver{URL}{body['id']}/"
    assert response["ETag"] == '"1"'
    assert Activity.objects.latest("id").display_key == "PONE-1"


def test_create_sets_every_field(api: APIClient, project: Project, make_item: Make, sprint: Sprint) -> None:
    epic, bob = make_item("Epic", item_type="epic"), User.objects.actor("bob")
    values = {"description": "d", "status": "in_progress", "priority": "high", "labels": ["x"], "story_points": 0}
    related = {"parent": "pone-1", "sprint": str(sprint.pk), "assignee": "bob"}
    body = api.post(URL, {**BODY, **values, **related}).json()
    assert {name: body[name] for name in values} == values
    assert (body["parent"], body["parent_id"]) == ("PONE-1", str(epic.pk))
    assert (body["assignee"], body["assignee_id"]) == ("bob", str(bob.pk))
    assert body["sprint_id"] == str(sprint.pk)
    assert body["started_at"] is not None


@pytest.mark.parametrize("project_name", ["project", "project_id"])
@pytest.mark.parametrize("identifier", ["id", "pOnE"])
def test_references_are_taken_by_id_and_key(
    api: APIClient, project: Project, make_item: Make, project_name: str, identifier: str
) -> None:
    epic = make_item(item_type="epic")
    by_id = identifier == "id"
    for name in ("parent", "parent_id"):
        body = {"item_type": "task", "title": "t", project_name: str(project.pk) if by_id else identifier}
        response = api.post(URL, {**body, name: str(epic.pk).upper() if by_id else "pone-1"})
        assert response.status_code == 201, response.content
        assert (response.json()["parent"], response.json()["project_id"]) == ("PONE-1", str(project.pk))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"project": "NONE"}, "project"),
        ({"project": None}, "project"),
        ({"project_id": "PONE"}, "project"),
        ({"item_type": "idea"}, "item_type"),
        ({"item_type": None}, "item_type"),
        ({"title": " "}, "title"),
        ({"title": "t" * 201}, "title"),
        ({"title": 5}, "title"),
        ({"title": "a\x1bb"}, "title"),
        ({"description": "d" * 150_001}, "description"),
        ({"status": "gone"}, "status"),
        ({"priority": "urgent"}, "priority"),
        ({"parent": "PONE-99"}, "parent"),
        ({"parent": 5}, "parent"),
        ({"parent": "PONE-99999999999999"}, "parent"),
        ({"parent": None, "parent_id": None}, "parent"),
        ({"sprint": str(uuid.UUID(int=7))}, "sprint"),
        ({"assignee": "  "}, "assignee"),
        ({"assignee": "n" * 151}, "assignee"),
        ({"assignee": 5}, "assignee"),
        ({"assignee_id": str(uuid.UUID(int=7))}, "assignee_id"),
        ({"assignee_id": "bob"}, "assignee_id"),
        ({"labels": "a"}, "labels"),
        ({"labels": [5]}, "labels.0"),
        ({"labels": ["l" * 51]}, "labels.0"),
        ({"labels": ["a\x00"]}, "labels.0"),
        ({"labels": [f"l{number}" for number in range(51)]}, "labels"),
        ({"story_points": -1}, "story_points"),
        ({"story_points": 101}, "story_points"),
        ({"story_points": "3"}, "story_points"),
        ({"story_points": True}, "story_points"),
        ({"story_points": 1.5}, "story_points"),
        ({"id": str(uuid.UUID(int=7))}, "id"),
        ({"display_key": "PONE-7"}, "display_key"),
        ({"item_number": 7}, "item_number"),
        ({"position": "a0"}, "position"),
        ({"claimed_by": "eve"}, "claimed_by"),
        ({"lease_id": str(uuid.UUID(int=7))}, "lease_id"),
        ({"started_at": "2026-01-01T00:00:00Z"}, "started_at"),
        ({"version": 3}, "version"),
        ({"force": True}, "force"),
        ({"expected_version": 1}, "expected_version"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_create_with_a_wrong_value_names_the_field(
    api: APIClient, project: Project, values: dict[str, Any], field: str
) -> None:
    error(api.post(URL, {**BODY, **values}), 400, "VALIDATION_ERROR", field)
    assert not WorkItem.objects.exists()
    assert Project.objects.get().next_work_item_number == 1


def test_project_is_needed(api: APIClient, project: Project) -> None:
    error(api.post(URL, {"item_type": "task", "title": "t"}), 400, "VALIDATION_ERROR", "project")


def test_update_clears_what_can_be_cleared(api: APIClient, make_item: Make, sprint: Sprint, user: User) -> None:
    epic = make_item(item_type="epic")
    item = make_item(parent=epic, sprint=sprint, assignee=user, labels=["a"], story_points=3, description="d")
    empty = {"parent": None, "sprint_id": None, "assignee": None, "labels": [], "story_points": None, "description": ""}
    body = patch(api, item, **empty).json()
    assert {name: body[name] for name in empty} == empty
    assert {change["field"] for change in Activity.objects.latest("id").changes} == {
        *("parent_id", "sprint_id", "assignee_id", "labels", "story_points", "description")
    }


def test_update_that_changes_nothing_writes_nothing(api: APIClient, make_item: Make) -> None:
    item = make_item(labels=["a"])
    count = Activity.objects.count()
    body = patch(api, item, title=" Item ", labels=["a", "a"], item_type="task", project="PONE", parent=None).json()
    assert body["version"] == 1
    assert Activity.objects.count() == count


def test_project_of_an_item_is_immutable(api: APIClient, make_item: Make, other: WorkItem) -> None:
    refused = error(patch(api, make_item(), project="OTHER"), 400, "VALIDATION_ERROR", "project_id")
    assert "immutable" in refused["message"]


@pytest.mark.parametrize("identifier", ["PONE-1", "pone-1", "id", "ID"])
def test_item_is_found_by_id_and_display_key_in_any_case(api: APIClient, make_item: Make, identifier: str) -> None:
    item = make_item()
    name = {"id": str(item.pk), "ID": str(item.pk).upper()}.get(identifier, identifier)
    assert api.get(f"{URL}{name}/").json()["id"] == str(item.pk)
    assert api.patch(f"{URL}{name}/", {"title": "New"}).status_code == 200
    assert api.get(f"{URL}{name}/show/").status_code == 200
    assert api.delete(f"{URL}{name}/").status_code == 204
    assert api.post(f"{URL}{name}/restore/").status_code == 200


@pytest.mark.parametrize("identifier", ["PONE-2", "NONE-1", "PONE", "PONE-", "PONE-0x1", str(uuid.UUID(int=7)), "💥"])
def test_what_is_not_there_is_not_found(api: APIClient, make_item: Make, identifier: str) -> None:
    make_item()
    error(api.get(f"{URL}{identifier}/"), 404, "NOT_FOUND")


def test_retrieve_costs_one_query_and_one_for_former_keys(
    api: APIClient, make_item: Make, django_assert_num_queries: Any
) -> None:
    make_item(parent=make_item(item_type="epic"), assignee=User.objects.actor("bob"))
    with django_assert_num_queries(2):
        api.get(f"{URL}PONE-2/")


def test_stale_update_is_a_conflict_with_the_current_item(api: APIClient, make_item: Make) -> None:
    item = make_item()
    api.patch(f"{URL}PONE-1/", {"priority": "high"}, HTTP_X_PM_ACTOR="eve")
    refused = error(patch(api, item, title="New", expected_version=1), 409, "CONFLICT")
    assert set(refused["current"]) == FIELDS
    assert (refused["current_version"], refused["current"]["priority"]) == (2, "high")
    assert refused["changes"][0]["changes"] == [{"field": "priority", "old": "medium", "new": "high"}]
    assert patch(api, item, title="New", expected_version=2).json()["version"] == 3


def test_numbers_are_never_given_again(api: APIClient, project: Project) -> None:
    assert api.post(URL, BODY).json()["display_key"] == "PONE-1"
    api.delete(f"{URL}PONE-1/")
    assert api.post(URL, BODY).json()["display_key"] == "PONE-2"


def test_unknown_method_is_not_allowed_whatever_the_query(api: APIClient, make_item: Make) -> None:
    make_item()
    for path in (URL, f"{URL}PONE-1/", f"{URL}PONE-1/show/"):
        error(api.generic("TRACE", f"{path}?max_bytes=1024"), 405, "METHOD_NOT_ALLOWED")


def test_repeated_create_with_a_key_makes_one(api: APIClient, project: Project) -> None:
    first = api.post(URL, BODY, HTTP_IDEMPOTENCY_KEY="k")
    assert api.post(URL, BODY, HTTP_IDEMPOTENCY_KEY="k").content == first.content
    assert WorkItem.objects.count() == 1


def test_refused_write_creates_no_user(api: APIClient, project: Project) -> None:
    error(api.post(URL, {**BODY, "assignee": "nobody", "title": ""}), 400, "VALIDATION_ERROR", "title")
    assert not User.objects.filter(username="nobody").exists()

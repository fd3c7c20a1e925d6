from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Activity, Dependency, Project, Sprint, User, WorkItem
from tests.projects.api.test_projects import error

pytestmark = pytest.mark.django_db
URL = "/api/v1/work-items/"
BODY = {"project": "PONE", "item_type": "task", "title": "First"}
Make = Callable[..., WorkItem]
FIELDS = {
    *("id", "display_key", "project_id", "item_number", "item_type", "title", "description", "status", "priority"),
    *("parent_id", "parent", "sprint_id", "assignee_id", "assignee", "claimed_by", "lease_expires_at", "labels"),
    *("story_points", "position", "started_at", "completed_at"),
    *("version", "created_at", "updated_at", "created_by", "updated_by"),
}


@pytest.fixture
def sprint(project: Project, user: User) -> Sprint:
    dates = {"start_date": date(2026, 1, 1), "end_date": date(2026, 1, 15)}
    return Sprint.objects.create(actor=user, project=project, name="S", **dates)


@pytest.fixture
def other(make_project: Callable[..., Project], make_item: Make) -> WorkItem:
    """An epic of another project."""
    return make_item("Other", project=make_project("OTHER"), item_type="epic")


def depend(blocking: WorkItem, blocked: WorkItem) -> Dependency:
    return Dependency.objects.create(actor=blocking.created_by, blocking_item=blocking, blocked_item=blocked)


def patch(api: APIClient, item: WorkItem, **values: Any) -> Any:
    return api.patch(f"{URL}{item.display_key}/", values)


def test_create_answers_the_item(api: APIClient, project: Project) -> None:
    response = api.post(URL, {**BODY, "project": "pone", "title": "  First ", "labels": [" a ", "b", "a", ""]})
    assert response.status_code == 201, response.content
    body = response.json()
    assert set(body) == FIELDS
    assert (body["display_key"], body["item_number"], body["project_id"]) == ("PONE-1", 1, str(project.pk))
    assert (body["title"], body["status"], body["priority"]) == ("First", "backlog", "medium")
    assert body["labels"] == ["a", "b"]
    assert (body["parent"], body["assignee"], body["story_points"], body["description"]) == (None, None, None, "")
    assert response["Location"] == f"http://testserver{URL}{body['id']}/"
    assert response["ETag"] == '"1"'
    assert Activity.objects.latest("id").display_key == "PONE-1"


def test_create_sets_every_field(api: APIClient, project: Project, make_item: Make, sprint: Sprint) -> None:
    epic = make_item("Epic", item_type="epic")
    values = {"description": "d", "status": "in_progress", "priority": "high", "labels": ["x"], "story_points": 0}
    related = {"parent": "pone-1", "sprint": str(sprint.pk), "assignee": "bob"}
    body = api.post(URL, {**BODY, **values, **related}).json()
    assert {name: body[name] for name in values} == values
    assert (body["parent"], body["parent_id"]) == ("PONE-1", str(epic.pk))
    assert (body["assignee"], body["assignee_id"]) == ("bob", str(User.objects.get(username="bob").pk))
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
        ({"item_type": "bug"}, "item_type"),
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
        ({"position": 1.0}, "position"),
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


@pytest.mark.parametrize(
    ("child", "parent", "message"),
    [
        ("epic", "epic", "an epic has no parent"),
        ("story", "story", "a story's parent is an epic"),
        ("story", "task", "a story's parent is an epic"),
        ("task", "task", "a task's parent is a story or an epic"),
    ],
)
def test_hierarchy_is_kept(api: APIClient, make_item: Make, child: str, parent: str, message: str) -> None:
    make_item(item_type=parent)
    item = make_item(item_type=child)
    refused = error(
        api.post(URL, {**BODY, "item_type": child, "parent": "PONE-1"}), 400, "VALIDATION_ERROR", "parent_id"
    )
    assert message in refused["message"]
    error(patch(api, item, parent="PONE-1"), 400, "VALIDATION_ERROR", "parent_id")


def test_parent_is_living_and_of_the_same_project(api: APIClient, make_item: Make, other: WorkItem) -> None:
    epic, task = make_item(item_type="epic"), make_item()
    error(patch(api, task, parent="OTHER-1"), 400, "VALIDATION_ERROR", "parent_id")
    error(patch(api, epic, parent=epic.display_key), 400, "VALIDATION_ERROR", "parent_id")
    api.delete(f"{URL}PONE-1/")
    error(patch(api, task, parent=str(epic.pk)), 400, "VALIDATION_ERROR", "parent")


def test_sprint_takes_stories_and_tasks_while_it_is_open(api: APIClient, make_item: Make, sprint: Sprint) -> None:
    epic, story = make_item(item_type="epic"), make_item(item_type="story")
    error(patch(api, epic, sprint_id=str(sprint.pk)), 400, "VALIDATION_ERROR", "sprint_id")
    assert patch(api, story, sprint_id=str(sprint.pk)).json()["sprint_id"] == str(sprint.pk)
    sprint.start(actor=sprint.created_by)
    sprint.complete(actor=sprint.created_by)
    error(patch(api, make_item(), sprint=str(sprint.pk)), 409, "CONFLICT")


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


@pytest.mark.parametrize(("field", "value"), [("item_type", "story"), ("project", "OTHER")])
def test_what_is_immutable_stays(api: APIClient, make_item: Make, other: WorkItem, field: str, value: str) -> None:
    refused = error(patch(api, make_item(), **{field: value}), 400, "VALIDATION_ERROR", field.replace("ct", "ct_id"))
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


@pytest.mark.parametrize(
    "identifier", ["PONE-2", "NONE-1", "PONE", "PONE-", "PONE-0x1", str(uuid.UUID(int=7)), "%00", "💥"]
)
def test_what_is_not_there_is_not_found(api: APIClient, make_item: Make, identifier: str) -> None:
    make_item()
    error(api.get(f"{URL}{identifier}/"), 404, "NOT_FOUND")


def test_retrieve_costs_one_query(api: APIClient, make_item: Make, django_assert_num_queries: Any) -> None:
    make_item(parent=make_item(item_type="epic"), assignee=User.objects.actor("bob"))
    with django_assert_num_queries(1):
        api.get(f"{URL}PONE-2/")


def test_stale_update_is_a_conflict_with_the_current_item(api: APIClient, make_item: Make) -> None:
    item = make_item()
    api.patch(f"{URL}PONE-1/", {"priority": "high"}, HTTP_X_PM_ACTOR="eve")
    refused = error(patch(api, item, title="New", expected_version=1), 409, "CONFLICT")
    assert set(refused["current"]) == FIELDS
    assert (refused["current_version"], refused["current"]["priority"]) == (2, "high")
    assert refused["changes"][0]["changes"] == [{"field": "priority", "old": "medium", "new": "high"}]
    assert patch(api, item, title="New", expected_version=2).json()["version"] == 3


def test_done_with_open_children_is_refused_unless_forced(api: APIClient, make_item: Make) -> None:
    story = make_item(item_type="story")
    for _ in range(2):
        make_item(parent=story)
    refused = error(patch(api, story, status="done"), 409, "HAS_CHILDREN")
    assert refused["items"] == ["PONE-2", "PONE-3"]
    body = patch(api, story, status="done", force=True).json()
    assert (body["status"], body["version"]) == ("done", 2)
    assert body["completed_at"] is not None


def test_done_with_unfinished_blockers_is_refused_unless_forced(api: APIClient, make_item: Make) -> None:
    first, second, third = make_item(), make_item(), make_item()
    depend(first, third)
    depend(second, third)
    patch(api, second, status="done")
    assert error(patch(api, third, status="done"), 409, "HAS_BLOCKERS")["items"] == ["PONE-1"]
    assert patch(api, third, status="done", force=False).status_code == 409
    assert patch(api, third, status="done", force=True).status_code == 200
    error(patch(api, third, force="yes"), 400, "VALIDATION_ERROR", "force")


def test_children_and_blockers_that_are_done_or_deleted_are_in_nobodys_way(api: APIClient, make_item: Make) -> None:
    story = make_item(item_type="story")
    child, blocker = make_item(parent=story), make_item()
    depend(blocker, story)
    patch(api, child, status="done")
    api.delete(f"{URL}{blocker.display_key}/")
    assert patch(api, story, status="done").status_code == 200


def test_moments_are_the_first_start_and_the_last_end(api: APIClient, make_item: Make) -> None:
    item = make_item()
    first = patch(api, item, status="in_progress").json()
    ended = patch(api, item, status="done").json()
    again = patch(api, item, status="in_progress").json()
    last = patch(api, item, status="done").json()
    assert first["started_at"] == ended["started_at"] == again["started_at"] == last["started_at"]
    assert ended["completed_at"] < last["completed_at"]


def test_archived_project_is_read_only(api: APIClient, make_item: Make, project: Project) -> None:
    make_item()
    assert api.delete(f"{URL}PONE-1/").status_code == 204
    item = make_item()
    project.archive(actor=project.created_by)
    error(api.post(URL, BODY), 409, "ARCHIVED")
    error(patch(api, item, title="New"), 409, "ARCHIVED")
    error(api.delete(f"{URL}PONE-2/"), 409, "ARCHIVED")
    error(api.post(f"{URL}PONE-1/restore/"), 409, "ARCHIVED")
    error(api.post(f"{URL}PONE-2/claim/"), 409, "ARCHIVED")
    error(api.post(f"{URL}claim-next/", {"project": "PONE"}), 409, "ARCHIVED")
    assert api.get(f"{URL}PONE-2/").status_code == 200


def test_delete_of_a_parent_needs_recursive(api: APIClient, make_item: Make) -> None:
    epic = make_item(item_type="epic")
    story = make_item(item_type="story", parent=epic)
    make_item(parent=story)
    refused = error(api.delete(f"{URL}PONE-1/"), 409, "HAS_CHILDREN")
    assert "PONE-1 has a child; delete it recursively" in refused["message"]
    assert refused["items"] == ["PONE-2"]
    assert api.delete(f"{URL}PONE-1/?recursive=false").status_code == 409
    assert api.delete(f"{URL}PONE-2/?recursive=true").status_code == 204
    assert [row["display_key"] for row in api.get(URL).json()["results"]] == ["PONE-1"]
    assert api.post(f"{URL}pone-2/restore/").status_code == 200
    assert api.delete(f"{URL}PONE-1/", {"recursive": True}).status_code == 204
    assert api.get(URL).json()["results"] == []


@pytest.mark.parametrize("recursive", ["yes", "1", ""])
def test_recursive_is_true_or_false(api: APIClient, make_item: Make, recursive: str) -> None:
    make_item()
    error(api.delete(f"{URL}PONE-1/", query_params={"recursive": recursive}), 400, "VALIDATION_ERROR", "recursive")
    error(api.delete(f"{URL}PONE-1/", {"recursive": recursive}), 400, "VALIDATION_ERROR", "recursive")


def test_restore_brings_back_what_that_delete_removed(api: APIClient, make_item: Make) -> None:
    epic = make_item(item_type="epic")
    story = make_item(item_type="story", parent=epic)
    make_item(parent=story)
    make_item(parent=epic)
    api.delete(f"{URL}PONE-4/")
    api.delete(f"{URL}PONE-1/?recursive=true")
    assert "PONE-1 is deleted" in error(api.post(f"{URL}PONE-2/restore/"), 409, "CONFLICT")["message"]
    assert api.post(f"{URL}PONE-1/restore/").json()["version"] == 3
    assert [row["display_key"] for row in api.get(URL).json()["results"]] == ["PONE-1", "PONE-2", "PONE-3"]
    assert api.post(f"{URL}PONE-4/restore/").status_code == 200
    error(api.post(f"{URL}PONE-4/restore/"), 409, "CONFLICT")


def test_restored_item_leaves_a_sprint_that_is_gone(api: APIClient, make_item: Make, sprint: Sprint) -> None:
    make_item(sprint=sprint)
    api.delete(f"{URL}PONE-1/")
    sprint.soft_delete(actor=sprint.created_by)
    assert api.post(f"{URL}PONE-1/restore/").json()["sprint_id"] is None


def test_numbers_are_never_given_again(api: APIClient, project: Project) -> None:
    assert api.post(URL, BODY).json()["display_key"] == "PONE-1"
    api.delete(f"{URL}PONE-1/")
    assert api.post(URL, BODY).json()["display_key"] == "PONE-2"


def test_repeated_create_with_a_key_makes_one(api: APIClient, project: Project) -> None:
    first = api.post(URL, BODY, HTTP_IDEMPOTENCY_KEY="k")
    assert api.post(URL, BODY, HTTP_IDEMPOTENCY_KEY="k").content == first.content
    assert WorkItem.objects.count() == 1


def test_refused_write_makes_no_user(api: APIClient, project: Project) -> None:
    error(api.post(URL, {**BODY, "assignee": "nobody", "title": ""}), 400, "VALIDATION_ERROR", "title")
    assert not User.objects.filter(username="nobody").exists()

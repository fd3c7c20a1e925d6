"""The API enforces the rules of work items."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from projects.models import Dependency, Project, Sprint, WorkItem
from tests.projects.api.test_projects import error
from tests.projects.api.test_work_items import BODY, URL, patch

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


def depend(blocking: WorkItem, blocked: WorkItem) -> Dependency:
    return Dependency.objects.create(actor=blocking.created_by, blocking_item=blocking, blocked_item=blocked)


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
    assert again["completed_at"] is None


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

"""Work items, lanes and dependencies in the admin: refusals appear at their fields."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Dependency, Project, SwimLane, User, WorkItem

MakeItem = Callable[..., WorkItem]


@pytest.fixture
def owner(db: None) -> User:
    return User.objects.owner()


@pytest.fixture
def admin_page(owner: User, client: Client) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def board(owner: User) -> Project:
    project = Project(key="PONE", title="One")
    project.insert(actor=owner)
    return project


@pytest.fixture
def make(owner: User, board: Project) -> MakeItem:
    def make(title: str = "Title", **values: Any) -> WorkItem:
        item = WorkItem(
            project=values.pop("project", board), title=title, item_type=values.pop("item_type", "task"), **values
        )
        item.insert(actor=owner)
        return item

    return make


def form_of(item: WorkItem, **changes: Any) -> dict[str, Any]:
    data = {
        "item_type": item.item_type,
        "title": item.title,
        "description": item.description,
        "status": item.status,
        "priority": item.priority,
        "parent": item.parent_id or "",
        "sprint": "",
        "assignee": "",
        "labels": "",
        "story_points": "",
        "expected_version": item.version,
    }
    return data | changes


def change_url(entity: Any) -> str:
    return reverse(f"admin:projects_{entity._meta.model_name}_change", args=[entity.pk])


def test_item_is_added_with_its_number_and_activity(admin_page: Client, board: Project) -> None:
    data = {"project": board.pk, "item_type": "story", "title": "New", "description": "", "status": "todo"}
    data |= {"priority": "high", "labels": "ui", "story_points": "3"}
    response = admin_page.post(reverse("admin:projects_workitem_add"), data)
    assert response.status_code == 302, response.context["errors"]
    item = WorkItem.objects.get()
    assert (item.display_key, item.labels, item.story_points) == ("PONE-1", ["ui"], 3)
    assert item.created_by.is_superuser


def test_done_with_open_children_is_refused_at_the_status(admin_page: Client, make: MakeItem) -> None:
    story = make(item_type="story")
    make(parent=story)
    response = admin_page.post(change_url(story), form_of(story, status="done"))
    assert "open children: PONE-2" in response.content.decode()
    assert WorkItem.objects.get(pk=story.pk).status == "backlog"


def test_parent_of_wrong_type_or_project_is_refused(admin_page: Client, make: MakeItem, owner: User) -> None:
    task, epic = make(), make(item_type="epic")
    response = admin_page.post(change_url(epic), form_of(epic, parent=task.pk))
    assert "an epic has no parent" in response.content.decode()
    other = Project(key="PTWO", title="Two")
    other.insert(actor=owner)
    stranger = make(item_type="epic", project=other)
    response = admin_page.post(change_url(task), form_of(task, parent=stranger.pk))
    assert "belongs to another project" in response.content.decode()


def test_conflicting_edit_reports_what_changed(admin_page: Client, make: MakeItem) -> None:
    item = make("Before")
    form = form_of(item, title="Mine")
    WorkItem.objects.get(pk=item.pk).update(actor=User.objects.actor("llm"), title="Theirs")
    assert "llm updated title" in admin_page.post(change_url(item), form).content.decode()
    assert WorkItem.objects.get(pk=item.pk).title == "Theirs"


def test_cycle_is_explained(admin_page: Client, make: MakeItem, owner: User) -> None:
    items = [make() for _ in range(5)]
    for one, next_one in itertools.pairwise(items):
        Dependency(blocking_item=one, blocked_item=next_one).insert(actor=owner)
    data = {"blocking_item": items[4].pk, "blocked_item": items[0].pk, "dependency_type": "blocks"}
    page = admin_page.post(reverse("admin:projects_dependency_add"), data).content.decode()
    assert "PONE-5 blocks PONE-1 blocks PONE-2 blocks PONE-3 blocks PONE-4 blocks PONE-5" in page
    assert Dependency.objects.count() == 4


def test_dependency_is_created_and_never_edited(admin_page: Client, make: MakeItem) -> None:
    data = {"blocking_item": make().pk, "blocked_item": make().pk, "dependency_type": "blocks"}
    assert admin_page.post(reverse("admin:projects_dependency_add"), data).status_code == 302
    dependency = Dependency.objects.get()
    assert admin_page.post(change_url(dependency), data).status_code == 403


def test_second_lane_of_a_status_is_refused(admin_page: Client, board: Project) -> None:
    data = {"project": board.pk, "name": "Again", "status_value": "todo", "position": 9}
    page = admin_page.post(reverse("admin:projects_swimlane_add"), data).content.decode()
    assert "already has a lane for todo" in page
    assert SwimLane.objects.count() == 5


@pytest.mark.parametrize("model", ["workitem", "swimlane", "dependency"])
def test_list_costs_the_same_however_long(
    admin_page: Client, make: MakeItem, owner: User, model: str, django_assert_max_num_queries: Any
) -> None:
    url = reverse(f"admin:projects_{model}_changelist")
    items = [make(f"T{number}") for number in range(20)]
    for one, next_one in itertools.pairwise(items):
        Dependency(blocking_item=one, blocked_item=next_one).insert(actor=owner)
    with django_assert_max_num_queries(14):
        assert admin_page.get(url).status_code == 200


def test_key_is_found_by_search_and_autocomplete(admin_page: Client, make: MakeItem) -> None:
    make("One"), make("Two")
    assert "Two" in admin_page.get(reverse("admin:projects_workitem_changelist"), {"q": "pone-2"}).content.decode()
    query = {"app_label": "projects", "model_name": "comment", "field_name": "work_item", "term": "PONE-2"}
    found = admin_page.get(reverse("admin:autocomplete"), query).json()["results"]
    assert [result["text"] for result in found] == ["PONE-2 Two"]


def test_actions_delete_restore_and_release(admin_page: Client, make: MakeItem, owner: User) -> None:
    item = make()
    item.claim(actor=owner)
    url = reverse("admin:projects_workitem_changelist")
    admin_page.post(url, {"action": "release_claims", "_selected_action": [item.pk]})
    assert WorkItem.objects.get().claimed_by_id is None
    admin_page.post(url, {"action": "delete_selected", "_selected_action": [item.pk]})
    assert WorkItem.objects.get().deleted_at is not None
    admin_page.post(f"{url}?deleted=yes", {"action": "restore", "_selected_action": [item.pk]})
    assert WorkItem.objects.get().deleted_at is None

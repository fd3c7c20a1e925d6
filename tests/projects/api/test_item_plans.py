"""Plans: many items with their hierarchy, links and sprint in one request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Activity, Dependency, Project, Sprint, WorkItem
from tests.projects.api.test_projects import error

pytestmark = pytest.mark.django_db
URL = "/api/v1/plan/"
Make = Callable[..., WorkItem]


def plan(api: APIClient, *items: Any, **more: Any) -> Any:
    response = api.post(URL, {"items": items, **more}, format="json")
    assert response.status_code == 201, response.content
    return response.json()


def refused(api: APIClient, *items: Any, **more: Any) -> list[tuple[str, str | None]]:
    """Return the item and the field of each error; nothing was created."""
    before = WorkItem.objects.count(), Sprint.objects.count(), Activity.objects.count()
    found = error(api.post(URL, {"items": items, **more}, format="json"), 400, "VALIDATION_ERROR", "items")
    assert (WorkItem.objects.count(), Sprint.objects.count(), Activity.objects.count()) == before
    return [(each["item"], each["field"]) for each in found["errors"]]


def test_plan_creates_items_with_parents_links_and_sprint(api: APIClient, project: Project) -> None:
    days = {"start_date": "2026-01-05", "end_date": "2026-01-16"}
    answer = plan(
        api,
        {"title": "Last", "needs": ["first", "second"], "parent": "story", "labels": "ui, api"},
        {
            "title": "Epic",
            "children": [{"ref": "story", "title": "Story", "children": [{"ref": "first", "title": "A"}]}],
        },
        {"ref": "second", "title": "B", "type": "bug", "priority": "high", "points": 3, "from": "first"},
        sprint={"name": "Sprint 1", **days},
    )
    assert answer == {
        "items": [
            {"key": "PONE-3", "status": "backlog", "version": 1, "parent": "PONE-2"},
            {"key": "PONE-1", "status": "backlog", "version": 1},
            {"ref": "story", "key": "PONE-2", "status": "backlog", "version": 1, "parent": "PONE-1"},
            {"ref": "first", "key": "PONE-4", "status": "backlog", "version": 1, "parent": "PONE-2"},
            {"ref": "second", "key": "PONE-5", "status": "backlog", "version": 1},
        ],
        "sprint": "Sprint 1",
    }
    items = {item.item_number: item for item in WorkItem.objects.select_related("sprint")}
    assert [items[number].item_type for number in range(1, 6)] == ["epic", "story", "task", "task", "bug"]
    assert [item.sprint is not None for item in items.values()] == [False, True, True, True, True]
    assert (items[3].labels, items[5].story_points, items[5].priority) == (["ui", "api"], 3, "high")
    links = Dependency.objects.values_list("blocking_item__item_number", "blocked_item__item_number", "dependency_type")
    assert {*links} == {(4, 3, "blocks"), (5, 3, "blocks"), (4, 5, "discovered_from")}


def test_all_errors_are_reported_and_nothing_is_created(api: APIClient, project: Project, make_item: Make) -> None:
    make_item("Task")
    assert refused(
        api,
        {"ref": "a", "title": "One", "colour": "red", "points": 900},
        {"ref": "a", "title": ""},
        {"title": "Below", "parent": "PONE-1", "needs": ["nobody", "PONE-9"]},
        {"title": "Epic", "type": "epic", "sprint": "None such", "children": [{"title": "Lost"}]},
        {"ref": "c", "title": "C", "needs": "d"},
        {"ref": "d", "title": "D", "needs": "c"},
        {"title": "S", "children": ["no object"]},
        sprint="Sprint 9",
    ) == [
        ("item 1 (a)", "colour"),
        ("item 2 (a)", "ref"),
        ("item 9", None),
        ("the sprint", "sprint"),
        ("item 1 (a)", "points"),
        ("item 2 (a)", "title"),
        ("item 3 (Below)", "parent_id"),
        ("item 4 (Epic)", "sprint"),
        ("item 9", "title"),
        ("item 3 (Below)", "needs"),
        ("item 3 (Below)", "needs"),
        ("item 7 (d)", "needs"),
    ]


def test_cycle_is_reported_by_the_refs_and_titles_of_the_plan(
    api: APIClient, project: Project, make_item: Make
) -> None:
    old = make_item("Old").display_key
    items = [
        {"ref": "c", "title": "C", "needs": ["d", old]},
        {"ref": "d", "title": "D", "needs": "e"},
        {"ref": "e", "title": "E", "needs": "c"},
        {"title": "Alone", "needs": "epic", "parent": "epic"},
        {"ref": "epic", "title": "Epic", "type": "epic"},
    ]
    errors = api.post(URL, {"items": items}, format="json").json()["error"]["errors"]
    assert [(one["item"], one["field"], one["message"]) for one in errors] == [
        ("item 3 (e)", "needs", "that would create a cycle: c blocks e blocks d blocks c"),
        ("item 4 (Alone)", "needs", "epic is above “Alone”; an item can't block its descendant or be blocked by it"),
    ]
    assert not WorkItem.objects.filter(title="C").exists()


def test_parents_can_not_be_below_each_other(api: APIClient, project: Project) -> None:
    items = [{"ref": "a", "title": "A", "parent": "b"}, {"ref": "b", "title": "B", "parent": "a"}]
    assert ("item 2 (b)", "parent") in refused(api, *items)
    assert ("item 2 (B)", "parent") in refused(api, {"title": "A", "children": [{"title": "B", "parent": "PONE-1"}]})


def test_error_of_a_single_item_names_the_field(api: APIClient, project: Project) -> None:
    refusal = error(api.post(URL, {"items": [{"title": "A", "parent": "PONE-9"}]}), 400, "VALIDATION_ERROR", "parent")
    assert refusal["message"] == "parent: there is no work item PONE-9"


def test_project_is_that_of_a_named_item_or_the_only_one(
    api: APIClient, project: Project, make_project: Callable[..., Project], make_item: Make
) -> None:
    assert plan(api, {"title": "A"})["items"][0]["key"] == "PONE-1"
    other = make_project("OTHER")
    error(api.post(URL, {"items": [{"title": "A"}]}, format="json"), 400, "VALIDATION_ERROR", "project")
    make_item("Theirs", project=other)
    assert plan(api, {"title": "A", "needs": "other-1"})["items"][0]["key"] == "OTHER-2"
    assert plan(api, {"title": "A"}, project="other")["items"][0]["key"] == "OTHER-3"
    error(
        api.post(URL, {"items": [{"title": "A"}], "project": "NONE"}, format="json"), 400, "VALIDATION_ERROR", "project"
    )


def test_board_without_a_project_says_how_to_create_one(api: APIClient, db: None) -> None:
    refusal = error(api.post(URL, {"items": [{"title": "A"}]}, format="json"), 400, "VALIDATION_ERROR", "project")
    assert "pm project create" in refusal["message"]


def test_plan_has_at_most_500_items(api: APIClient, project: Project) -> None:
    children = [{"title": "x"}] * 500
    error(
        api.post(URL, {"items": [{"title": "S", "children": children}]}, format="json"),
        400,
        "VALIDATION_ERROR",
        "items",
    )
    error(api.post(URL, {"items": []}, format="json"), 400, "VALIDATION_ERROR", "items")


def test_archived_project_takes_no_plan(api: APIClient, project: Project) -> None:
    project.archive(actor=project.created_by)
    assert refused(api, {"title": "A"}, {"title": "B"}) == [("item 1 (A)", None), ("item 2 (B)", None)]

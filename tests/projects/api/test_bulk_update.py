from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Activity, User, WorkItem
from tests.projects.api.test_projects import error

pytestmark = pytest.mark.django_db
URL = "/api/v1/work-items/bulk-update/"
Make = Callable[..., WorkItem]


@pytest.fixture
def tree(make_item: Make) -> None:
    story = make_item("Story", item_type="story")
    make_item("Task", parent=story)
    make_item("Alone")


def bulk(api: APIClient, *updates: Any) -> Any:
    return api.post(URL, {"updates": list(updates)})


def test_items_are_updated_in_the_given_order(api: APIClient, tree: None) -> None:
    response = bulk(
        api,
        {"id": "pone-2", "status": "done"},
        {"id": str(WorkItem.objects.get(item_number=1).pk), "status": "done", "expected_version": 1},
        {"id": "PONE-3", "title": " Alone "},
        {"id": "PONE-2", "assignee": "ADA", "priority": "high"},
    )
    assert response.status_code == 200, response.content
    body = response.json()
    assert body["updated"] == 3
    assert [(row["display_key"], row["status"], row["version"]) for row in body["work_items"]] == [
        ("PONE-2", "done", 3),
        ("PONE-1", "done", 2),
        ("PONE-3", "backlog", 1),
    ]
    assert (body["work_items"][0]["assignee"], body["work_items"][0]["parent"]) == ("ada", "PONE-1")
    assert bulk(api, {"id": "PONE-1", "status": "todo"}, {"id": "PONE-2", "status": "todo"}).status_code == 200
    assert not WorkItem.objects.filter(completed_at__isnull=False).exists()


@pytest.mark.parametrize(
    ("update", "status", "code", "field"),
    [
        ({"id": "PONE-1", "title": ""}, 400, "VALIDATION_ERROR", "title"),
        ({"id": "PONE-1", "colour": "red"}, 400, "VALIDATION_ERROR", "colour"),
        ({"id": "PONE-1", "version": 3}, 400, "VALIDATION_ERROR", "version"),
        ({"id": "PONE-1", "parent": "PONE-3"}, 400, "VALIDATION_ERROR", "parent_id"),
        ({"id": "PONE-1", "parent": "PONE-99"}, 400, "VALIDATION_ERROR", "parent"),
        ({"id": "PONE-99", "title": "t"}, 400, "VALIDATION_ERROR", "id"),
        ({"id": 5, "title": "t"}, 400, "VALIDATION_ERROR", "id"),
        ({"title": "t"}, 400, "VALIDATION_ERROR", "id"),
        ({"id": "PONE-1", "title": "t", "expected_version": 9}, 409, "CONFLICT", None),
        ({"id": "PONE-1", "status": "done"}, 409, "HAS_CHILDREN", None),
    ],
)
def test_one_refusal_rolls_back_all_and_names_the_row(
    api: APIClient, tree: None, update: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    count = Activity.objects.count()
    refused = error(bulk(api, {"id": "PONE-3", "title": "New", "assignee": "ada"}, update), status, code, field)
    assert refused["row"] == 1
    assert WorkItem.objects.get(item_number=3).title == "Alone"
    assert Activity.objects.count() == count
    assert not User.objects.filter(username="new").exists()


@pytest.mark.parametrize(
    "body", [{}, {"updates": []}, {"updates": "x"}, {"updates": ["x"]}, {"updates": [{"id": "PONE-1"}] * 1001}]
)
def test_wrong_body_is_refused(api: APIClient, tree: None, body: Any) -> None:
    response = api.post(URL, body)
    assert response.status_code == 400
    assert response.json()["error"]["field"].startswith("updates")


def test_unknown_field_of_the_body_is_refused(api: APIClient, tree: None) -> None:
    error(api.post(URL, {"updates": [{"id": "PONE-1"}], "force": True}), 400, "VALIDATION_ERROR", "force")


def test_repeat_with_a_key_gets_the_first_response(api: APIClient, tree: None) -> None:
    for body in ({"updates": [{"id": "PONE-3", "title": "New"}]}, {"updates": [{"id": "PONE-3", "title": ""}]}):
        key = {"HTTP_IDEMPOTENCY_KEY": str(hash(str(body)))}
        first = api.post(URL, body, **key)
        assert api.post(URL, body, **key).content == first.content
    assert WorkItem.objects.get(item_number=3).version == 2

"""Labels are added and removed one by one, beside the field that replaces them all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from projects.models import WorkItem
from tests.projects.api.test_projects import error

pytestmark = pytest.mark.django_db
URL = "/api/v1/work-items/"
Make = Callable[..., WorkItem]


def test_labels_are_added_and_removed_whatever_others_there_are(api: APIClient, make_item: Make) -> None:
    make_item(labels=["api", "Later"])
    body = {"add_labels": ["ui", "API"], "remove_labels": ["later", "unknown"]}
    assert api.patch(f"{URL}PONE-1/", body, format="json").json()["labels"] == ["api", "ui"]
    found = api.patch(f"{URL}PONE-1/", {"add_labels": ["ui"]}, format="json").json()
    assert (found["labels"], found["version"]) == (["api", "ui"], 2)


def test_bulk_update_changes_labels_one_by_one(api: APIClient, make_item: Make) -> None:
    make_item(labels=["a"])
    make_item(labels=["b"])
    updates = [{"id": "PONE-1", "add_labels": ["c"]}, {"id": "PONE-2", "remove_labels": ["b"]}]
    assert api.post(f"{URL}bulk-update/", {"updates": updates}, format="json").json()["updated"] == 2
    assert [item.labels for item in WorkItem.objects.order_by("item_number")] == [["a", "c"], []]


def test_replacing_and_adding_together_is_refused(api: APIClient, make_item: Make) -> None:
    make_item()
    error(
        api.patch(f"{URL}PONE-1/", {"labels": [], "add_labels": ["a"]}, format="json"),
        400,
        "VALIDATION_ERROR",
        "labels",
    )
    wrong = {"project": "PONE", "item_type": "task", "title": "T", "add_labels": ["a"]}
    error(api.post(URL, wrong, format="json"), 400, "VALIDATION_ERROR", "add_labels")


@pytest.mark.parametrize("labels", ["a", ["x" * 51], [1], None])
def test_invalid_labels_are_refused(api: APIClient, make_item: Make, labels: object) -> None:
    make_item()
    response = api.patch(f"{URL}PONE-1/", {"add_labels": labels}, format="json")
    assert response.status_code == 400
    assert response.json()["error"]["field"].startswith("add_labels")

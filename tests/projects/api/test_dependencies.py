from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from projects.models import Dependency, Project, WorkItem
from tests.projects.api.test_projects import error
from tests.projects.plans import steps, unindexed

pytestmark = pytest.mark.django_db
URL = "/api/v1/dependencies/"
Make = Callable[..., WorkItem]


@pytest.fixture
def items(make_item: Make) -> list[WorkItem]:
    return [make_item(f"T{number}") for number in range(1, 6)]


def depend(api: APIClient, blocking: int, blocked: int, kind: str = "blocks") -> Any:
    body = {"blocking_item": f"PONE-{blocking}", "blocked_item": f"PONE-{blocked}", "dependency_type": kind}
    return api.post(URL, body)


def made(api: APIClient, blocking: int, blocked: int, kind: str = "blocks") -> dict[str, Any]:
    response = depend(api, blocking, blocked, kind)
    assert response.status_code == 201, response.content
    body: dict[str, Any] = response.json()
    return body


def pairs(api: APIClient, **query: Any) -> list[tuple[str, str]]:
    response = api.get(URL, query)
    assert response.status_code == 200, response.content
    return [(row["blocking_item"][5:], row["blocked_item"][5:]) for row in response.json()["results"]]


@pytest.mark.parametrize("suffix", ["", "_id"])
@pytest.mark.parametrize("by", ["id", "key"])
def test_create_answers_the_dependency(api: APIClient, items: list[WorkItem], suffix: str, by: str) -> None:
    one, two = (str(item.pk) if by == "id" else item.display_key.lower() for item in items[:2])
    response = api.post(URL, {f"blocking_item{suffix}": one, f"blocked_item{suffix}": two})
    assert response.status_code == 201, response.content
    body = response.json()
    assert (body["blocking_item"], body["blocked_item"], body["dependency_type"]) == ("PONE-1", "PONE-2", "blocks")
    assert (body["blocking_item_id"], body["blocked_item_id"]) == (str(items[0].pk), str(items[1].pk))
    assert body["project_id"] == str(items[0].project_id)
    assert set(body) == {
        *("id", "project_id", "blocking_item_id", "blocking_item", "blocked_item_id", "blocked_item"),
        *("dependency_type", "version", "created_at", "updated_at", "created_by", "updated_by"),
    }
    assert api.get(f"{URL}{body['id']}/").json() == body
    assert api.get(URL).json()["results"] == [
        {name: body[name] for name in ("id", "blocking_item", "blocked_item", "dependency_type")}
    ]
    assert api.get(URL, {"fields": "*"}).json()["results"] == [body]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"blocking_item": "PONE-99"}, "blocking_item"),
        ({"blocked_item": "PONE"}, "blocked_item"),
        ({"blocked_item": None}, "blocked_item"),
        ({"blocked_item": 5}, "blocked_item"),
        ({"blocked_item_id": "PONE-3"}, "blocked_item"),
        ({"blocked_item": "PONE-1"}, "blocked_item_id"),
        ({"blocked_item": "OTHER-1"}, "blocked_item_id"),
        ({"dependency_type": "hates"}, "dependency_type"),
        ({"version": 1}, "version"),
        ({"expected_version": 1}, "expected_version"),
    ],
)
def test_wrong_value_names_the_field(
    api: APIClient, items: list[WorkItem], make_item: Make, make_project: Any, values: dict[str, Any], field: str
) -> None:
    make_item(project=make_project("OTHER"))
    body = {"blocking_item": "PONE-1", "blocked_item": "PONE-2", **values}
    error(api.post(URL, body), 400, "VALIDATION_ERROR", field)
    assert not Dependency.objects.exists()


@pytest.mark.parametrize("missing", ["blocking_item", "blocked_item"])
def test_both_ends_are_needed(api: APIClient, items: list[WorkItem], missing: str) -> None:
    body = {"blocking_item": "PONE-1", "blocked_item": "PONE-2"}
    del body[missing]
    error(api.post(URL, body), 400, "VALIDATION_ERROR", missing)


def test_pair_has_one_dependency_in_each_direction(api: APIClient, items: list[WorkItem]) -> None:
    made(api, 1, 2)
    error(depend(api, 1, 2), 409, "CONFLICT", "blocked_item_id")
    error(depend(api, 1, 2, "relates_to"), 409, "CONFLICT", "blocked_item_id")
    made(api, 2, 1, "relates_to")


def test_circle_over_five_items_is_refused_and_named(api: APIClient, items: list[WorkItem]) -> None:
    for number in range(1, 5):
        made(api, number, number + 1)
    refused = error(depend(api, 5, 1), 400, "CYCLE", "blocked_item_id")
    assert refused["path"] == ["PONE-5", "PONE-1", "PONE-2", "PONE-3", "PONE-4", "PONE-5"]
    assert "PONE-4 blocks PONE-5" in refused["message"]
    assert error(depend(api, 3, 2), 400, "CYCLE", "blocked_item_id")["path"] == ["PONE-3", "PONE-2", "PONE-3"]
    made(api, 5, 1, "relates_to")
    made(api, 1, 5)
    assert Dependency.objects.count() == 6


def test_dependency_never_changes(api: APIClient, items: list[WorkItem]) -> None:
    link = made(api, 1, 2)
    error(api.patch(f"{URL}{link['id']}/", {"dependency_type": "relates_to"}), 405, "METHOD_NOT_ALLOWED")


def test_deleted_dependency_blocks_nobody_and_comes_back(api: APIClient, items: list[WorkItem]) -> None:
    link = made(api, 1, 2)
    error(api.delete(f"{URL}{link['id']}/", {"expected_version": 2}), 409, "CONFLICT")
    assert api.delete(f"{URL}{link['id']}/").status_code == 204
    assert pairs(api) == []
    assert pairs(api, deleted="true") == [("1", "2")]
    error(api.get(f"{URL}{link['id']}/"), 404, "NOT_FOUND")
    back = made(api, 2, 1)
    error(api.post(f"{URL}{link['id']}/restore/"), 400, "CYCLE", "blocked_item_id")
    api.delete(f"{URL}{back['id']}/")
    assert api.post(f"{URL}{link['id']}/restore/").json()["version"] == 3
    error(api.post(f"{URL}{link['id']}/restore/"), 409, "CONFLICT")
    error(api.post(f"{URL}{uuid.uuid4()}/restore/"), 404, "NOT_FOUND")


def test_restore_onto_a_second_one_is_a_conflict(api: APIClient, items: list[WorkItem]) -> None:
    link = made(api, 1, 2)
    api.delete(f"{URL}{link['id']}/")
    made(api, 1, 2, "relates_to")
    error(api.post(f"{URL}{link['id']}/restore/"), 409, "CONFLICT", "blocked_item_id")


def test_dependency_goes_and_comes_with_its_items(api: APIClient, items: list[WorkItem]) -> None:
    link = made(api, 1, 2)
    api.delete("/api/v1/work-items/PONE-1/")
    assert pairs(api) == []
    error(api.get(f"{URL}{link['id']}/"), 404, "NOT_FOUND")
    error(depend(api, 1, 3), 400, "VALIDATION_ERROR", "blocking_item")
    api.post("/api/v1/work-items/PONE-1/restore/")
    assert pairs(api) == [("1", "2")]


def test_archived_project_is_read_only(api: APIClient, items: list[WorkItem], project: Project) -> None:
    gone, link = made(api, 1, 2), made(api, 2, 3)
    api.delete(f"{URL}{gone['id']}/")
    project.archive(actor=project.created_by)
    error(depend(api, 3, 4), 409, "ARCHIVED")
    error(api.delete(f"{URL}{link['id']}/"), 409, "ARCHIVED")
    error(api.post(f"{URL}{gone['id']}/restore/"), 409, "ARCHIVED")


def test_filters_narrow(api: APIClient, items: list[WorkItem], make_item: Make, make_project: Any) -> None:
    other = make_project("OTHER")
    far = [make_item(project=other) for _ in range(2)]
    Dependency.objects.create(actor=other.created_by, blocking_item=far[0], blocked_item=far[1])
    made(api, 1, 2)
    made(api, 2, 3)
    made(api, 4, 5, "relates_to")
    assert pairs(api, project="pone") == [("1", "2"), ("2", "3"), ("4", "5")]
    assert pairs(api, work_item="pone-2") == [("1", "2"), ("2", "3")]
    assert pairs(api, work_item=str(items[2].pk)) == [("2", "3")]
    assert pairs(api, dependency_type="relates_to") == [("4", "5")]
    assert len(pairs(api)) == 4
    for name, value in (("work_item", "PONE-99"), ("project", "NONE"), ("dependency_type", "hates"), ("x", "y")):
        error(api.get(URL, {name: value}), 400, "VALIDATION_ERROR", name)


def test_lists_cost_the_same_for_any_number_and_read_by_an_index(api: APIClient, make_item: Make) -> None:
    first = make_item()
    lists: tuple[dict[str, str], ...] = (
        {},
        {"fields": "*"},
        {"project": "PONE"},
        {"work_item": "PONE-1"},
        {"dependency_type": "blocks"},
        {"deleted": "true"},
    )
    counts: list[list[int]] = [[] for _ in lists]
    for more in (3, 27):
        for number in range(more):
            blocked = make_item(actor=f"user {number}")
            link = Dependency.objects.create(actor=blocked.created_by, blocking_item=first, blocked_item=blocked)
            if number % 2:
                link.soft_delete(actor=blocked.created_by)
        for query, found in zip(lists, counts, strict=True):
            with CaptureQueriesContext(connection) as queries:
                assert len(pairs(api, **query)) > more // 4
            found.append(len(queries))
            assert unindexed(queries) == [], (query, steps(queries))
    assert [len(set(found)) for found in counts] == [1] * len(lists)

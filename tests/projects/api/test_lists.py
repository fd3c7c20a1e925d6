from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from projects.models import Project
from tests.projects.api.test_projects import URL, error

pytestmark = pytest.mark.django_db


@pytest.fixture
def many(make_project: Callable[..., Project]) -> list[Project]:
    # Titles repeat to exercise the tie-break.
    return [make_project(f"P{number:02}", title=f"T{number % 3}", description="long") for number in range(11)]


def keys(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["key"] for row in response.json()["results"]]


def test_list_is_slim(api: APIClient, project: Project) -> None:
    assert api.get(URL).json() == {
        "results": [{"id": str(project.pk), "key": "PONE", "title": "First", "status": "active", "version": 1}],
        "next": None,
        "previous": None,
    }


def test_fields_selects_the_fields(api: APIClient, project: Project) -> None:
    assert api.get(URL, {"fields": "key,updated_by,description"}).json()["results"] == [
        {"key": "PONE", "updated_by": "ada", "description": "The first one."}
    ]
    assert api.get(URL, {"fields": "*"}).json()["results"] == [api.get(f"{URL}PONE/").json()]


@pytest.mark.parametrize("fields", ["colour", "key,", "", "deleted_at", "expected_version"])
def test_unknown_field_is_refused_with_the_allowed_ones(api: APIClient, fields: str) -> None:
    problem = error(api.get(URL, {"fields": fields}), 400, "VALIDATION_ERROR", "fields")
    assert "next_work_item_number" in problem["message"]


def test_filters_narrow(api: APIClient, make_project: Callable[..., Project]) -> None:
    make_project("ONE", title="Alpha", description="about 100%")
    make_project("TWO", title="Beta", status="archived")
    assert keys(api.get(URL, {"status": "archived"})) == ["TWO"]
    assert keys(api.get(URL, {"search": "alph"})) == ["ONE"]
    assert keys(api.get(URL, {"search": "tw"})) == ["TWO"]
    assert keys(api.get(URL, {"search": "0%"})) == ["ONE"]
    assert keys(api.get(URL, {"search": "%"})) == ["ONE"]
    assert keys(api.get(URL, {"search": "_"})) == []
    assert keys(api.get(URL, {"search": "alpha", "status": "archived"})) == []
    assert keys(api.get(URL, {"deleted": "false"})) == ["ONE", "TWO"]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("status", "gone"),
        ("deleted", "maybe"),
        ("limit", "0"),
        ("limit", "1001"),
        ("limit", "-1"),
        ("limit", "ten"),
        ("limit", "²"),
        ("ordering", "description"),
        ("ordering", "--key"),
        ("search", "s" * 1001),
        ("search", "\x00"),
        ("page", "2"),
        ("format", "json"),
        ("cursor", "banana"),
        ("cursor", ""),
    ],
)
def test_wrong_parameter_is_refused(api: APIClient, parameter: str, value: str) -> None:
    error(api.get(URL, {parameter: value}), 400, "VALIDATION_ERROR", parameter)


def test_other_routes_take_no_parameters(api: APIClient, project: Project) -> None:
    error(api.get(f"{URL}PONE/", {"fields": "key"}), 400, "VALIDATION_ERROR", "fields")
    error(api.post(f"{URL}?limit=1", {"key": "ONE", "title": "t"}), 400, "VALIDATION_ERROR", "limit")


@pytest.mark.parametrize("limit", [1, 3, 11])
def test_pages_lead_through_all_rows_and_back(api: APIClient, many: list[Project], limit: int) -> None:
    for ordering in ("created_at", "-created_at", "updated_at", "key", "-key", "title", "-title"):
        pages_lead_through_all_rows_and_back(api, many, ordering, limit)


def pages_lead_through_all_rows_and_back(api: APIClient, many: list[Project], ordering: str, limit: int) -> None:
    name = ordering.removeprefix("-")
    expected = [
        project.key
        for project in sorted(
            many, key=lambda project: (getattr(project, name), project.pk), reverse=ordering.startswith("-")
        )
    ]
    response = api.get(URL, {"ordering": ordering, "limit": limit})
    assert response.json()["previous"] is None
    pages = [keys(response)]
    while response.json()["next"]:
        response = api.get(response.json()["next"])
        pages.append(keys(response))
    assert [key for page in pages for key in page] == expected, ordering
    back = [keys(response)]
    while response.json()["previous"]:
        response = api.get(response.json()["previous"])
        back.insert(0, keys(response))
    assert back == pages, ordering


def test_pages_skip_no_row_after_a_deletion(api: APIClient, many: list[Project]) -> None:
    response = api.get(URL, {"limit": 4, "ordering": "key", "search": "t"})
    api.delete(f"{URL}P01/")
    api.delete(f"{URL}P03/")
    following = response.json()["next"]
    assert "search=t" in following
    assert keys(api.get(following)) == ["P04", "P05", "P06", "P07"]


def test_cursor_of_another_order_is_refused(api: APIClient, many: list[Project]) -> None:
    cursor = api.get(URL, {"limit": 4}).json()["next"].partition("cursor=")[2].partition("&")[0]
    error(api.get(URL, {"cursor": cursor, "ordering": "key"}), 400, "VALIDATION_ERROR", "cursor")


@pytest.mark.parametrize(
    "forged",
    [
        ["key", "a", "b", False],
        ["created_at", "yesterday", "00000000000000000000000000000001", False],
        ["created_at", "2026-01-01T00:00:00", "00000000000000000000000000000001", False],
        ["created_at", "9999-12-31T23:59:59-23:00", "00000000000000000000000000000001", False],
        ["created_at", 5, "00000000000000000000000000000001", False],
        ["password", "a", "00000000000000000000000000000001", False],
        ["created_at", "2026-01-01T00:00:00Z", "\ud800", False],
        ["title", "a\x00b", "00000000000000000000000000000001", False],
        ["created_at", "2026-01-01T00:00:00Z", "00000000000000000000000000000001", 1],
        {"a": 1},
        "text",
        None,
    ],
)
def test_forged_cursor_is_refused(api: APIClient, project: Project, forged: Any) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode().rstrip("=")
    query = {"cursor": cursor, "ordering": "title"} if "title" in (forged or "") else {"cursor": cursor}
    error(api.get(URL, query), 400, "VALIDATION_ERROR", "cursor")


@pytest.mark.parametrize(
    ("ordering", "value"),
    [("item_number", "9" * 30), ("item_number", str(-(2**63) - 1)), ("priority", "9" * 30), ("position", "b0")],
)
def test_cursor_with_a_value_that_no_row_has_is_refused(api: APIClient, ordering: str, value: str) -> None:
    more = ["a0"] if ordering == "priority" else []
    forged = json.dumps([ordering, value, "00000000000000000000000000000001", False, *more]).encode()
    query = {"ordering": ordering, "cursor": base64.urlsafe_b64encode(forged).decode().rstrip("=")}
    error(api.get("/api/v1/work-items/", query), 400, "VALIDATION_ERROR", "cursor")


def test_repeated_parameter_of_one_value_is_refused(api: APIClient, project: Project) -> None:
    for url, query in (
        (URL, {"status": ["active", "archived"]}),
        ("/api/v1/work-items/", {"parent": ["a", "b"], "sprint": ["a", "b"]}),
        ("/api/v1/work-items/ready/", {"limit": ["1", "2"]}),
        ("/api/v1/changes/", {"since": ["1", "2"]}),
        ("/api/v1/search/", {"q": ["a", "b"]}),
    ):
        problem = error(api.get(url, query), 400, "VALIDATION_ERROR", next(iter(query)))
        assert "is given 2 times" in problem["message"]


@pytest.mark.parametrize("parameters", [{}, {"fields": "*"}, {"search": "t", "ordering": "-title", "limit": "5"}])
def test_list_costs_one_query(api: APIClient, make_project: Callable[..., Project], parameters: dict[str, str]) -> None:
    counts = []
    for number in range(3):
        make_project(f"KEY{number}", actor=f"user {number}", title=f"T{number}")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert api.get(URL, parameters).status_code == 200
        counts.append(len(queries))
    assert counts == [1, 1, 1]


def test_retrieve_costs_one_query(api: APIClient, project: Project, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        api.get(f"{URL}PONE/")


def test_slim_list_does_not_load_descriptions(api: APIClient, project: Project) -> None:
    with CaptureQueriesContext(connection) as queries:
        api.get(URL)
    assert "description" not in queries[0]["sql"]

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from projects.models import Activity, Project, WorkItem
from tests.projects.api.test_projects import error
from tests.projects.conftest import bearer
from tests.projects.plans import steps

pytestmark = pytest.mark.django_db
URL = "/api/v1/changes/"
ITEMS = "/api/v1/work-items/"


@pytest.fixture
def start(make_project: Callable[..., Project], make_item: Callable[..., WorkItem]) -> int:
    make_project("OTHER")
    make_item()
    return Activity.objects.latest("id").pk


def changes(api: APIClient, **query: Any) -> tuple[list[str], int]:
    response = api.get(URL, query)
    assert response.status_code == 200, response.content
    body = response.json()
    return [f"{row['actor']} {row['display_key']}" for row in body["changes"]], body["next"]


def test_changes_are_oldest_first_and_continue_at_next(api: APIClient, start: int) -> None:
    assert changes(api, since=start) == ([], start)
    for title in ("A", "B", "C"):
        bearer("eve").patch(f"{ITEMS}PONE-1/", {"title": title})
    body = api.get(URL, {"since": start, "limit": 2}).json()
    assert [row["changes"][0]["new"] for row in body["changes"]] == ["A", "B"]
    assert body["next"] == start + 2
    assert changes(api, since=body["next"]) == (["eve PONE-1"], start + 3)
    assert changes(api, since=start + 3) == ([], start + 3)
    row = body["changes"][0]
    assert (row["id"], row["entity_type"], row["action"], row["version"]) == (start + 1, "work_item", "updated", 2)


def test_since_beyond_the_end_returns_the_last_id(api: APIClient, start: int) -> None:
    assert changes(api, since=start + 1) == changes(api, since=2**63 - 1) == ([], start)
    assert changes(api, since=start + 1, project="OTHER", not_by="ada") == ([], start)
    Activity.objects.all()._raw_delete("default")
    assert changes(api, since=start) == ([], 0)


def test_since_zero_returns_all(api: APIClient, start: int) -> None:
    names, last = changes(api)
    assert (len(names), last) == (Activity.objects.count(), start)
    assert changes(api, since=0) == (names, last)


def test_project_and_not_by_narrow(api: APIClient, start: int) -> None:
    bearer("eve").patch(f"{ITEMS}PONE-1/", {"title": "A"})
    bearer("bob").patch("/api/v1/projects/OTHER/", {"title": "B"})
    assert changes(api, since=start, project="pone") == (["eve PONE-1"], start + 1)
    assert changes(api, since=start, project=str(Project.objects.get(key="OTHER").pk))[0] == ["bob OTHER"]
    assert changes(api, since=start, not_by="eve") == (["bob OTHER"], start + 2)
    assert changes(api, since=start, not_by="@me")[0] == ["eve PONE-1", "bob OTHER"]
    refused = error(api.get(URL, {"since": start, "not_by": "nobody"}), 400, "VALIDATION_ERROR", "not_by")
    assert refused["message"] == "not_by: there is no user nobody"
    assert changes(api, since=start, not_by="bob", project="OTHER") == ([], start)


def test_changes_of_a_deleted_project_are_listed(api: APIClient, start: int) -> None:
    api.delete("/api/v1/projects/PONE/")
    assert changes(api, since=start, project="PONE") == (["llm PONE"], start + 1)
    api.post("/api/v1/projects/", {"key": "PONE", "title": "Again"})
    again = Project.objects.living().get(key="PONE")
    assert changes(api, since=start, project="PONE") == changes(api, since=start, project=str(again.pk))


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("since", "-1"),
        ("since", "yesterday"),
        ("since", "2026-01-01"),
        ("since", "9223372036854775808"),
        ("since", ""),
        ("limit", "0"),
        ("limit", "1001"),
        ("project", "NONE"),
        ("cursor", "x"),
    ],
)
def test_wrong_parameter_is_refused(api: APIClient, start: int, parameter: str, value: str) -> None:
    error(api.get(URL, {parameter: value}), 400, "VALIDATION_ERROR", parameter)


@pytest.mark.parametrize("query", [{}, {"not_by": "ada"}, {"project": "PONE"}, {"project": "PONE", "not_by": "ada"}])
def test_changes_cost_one_indexed_query(api: APIClient, start: int, query: dict[str, str]) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert api.get(URL, {"since": start - 2, **query}).status_code == 200
    is_empty = "not_by" in query  # then one more query fetches the last cursor
    assert len(queries) == 1 + ("project" in query) + 2 * is_empty
    plan = [step for step in steps(queries) if "projects_activity" in step]
    assert plan[1:] == ["SEARCH projects_activity"] * is_empty
    index = (
        "INDEX activity_by_project (project_id=? AND id>?)" if "project" in query else "INTEGER PRIMARY KEY (rowid>?)"
    )
    assert plan[0] == f"SEARCH projects_activity USING {index}"


def test_changes_are_read_only(api: APIClient, start: int) -> None:
    for method in (api.post, api.patch, api.delete):
        error(method(URL), 405, "METHOD_NOT_ALLOWED")

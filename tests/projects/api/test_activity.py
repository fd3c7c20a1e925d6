from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Activity, Project
from tests.projects.api.test_projects import error
from tests.projects.conftest import bearer, of_projects

pytestmark = pytest.mark.django_db
URL = "/api/v1/activity/"


@pytest.fixture
def history(api: APIClient, project: Project) -> list[int]:
    bearer("eve").patch("/api/v1/projects/PONE/", {"title": "New"})
    bearer("eve").post("/api/v1/projects/", {"key": "OTHER", "title": "t"})
    bearer("ada").delete("/api/v1/projects/PONE/")
    return list(of_projects().values_list("id", flat=True))


def ids(response: Any) -> list[int]:
    assert response.status_code == 200, response.content
    wanted = set(of_projects().values_list("id", flat=True))
    return [row["id"] for row in response.json()["results"] if row["id"] in wanted]


def test_list_reports_who_did_what(api: APIClient, history: list[int], project: Project) -> None:
    rows = [row for row in api.get(URL, {"fields": "*"}).json()["results"] if row["entity_type"] == "project"]
    assert [(row["actor"], row["action"], row["display_key"]) for row in rows] == [
        ("ada", "created", "PONE"),
        ("eve", "updated", "PONE"),
        ("eve", "created", "OTHER"),
        ("ada", "deleted", "PONE"),
    ]
    assert rows[1]["changes"] == [{"field": "title", "old": "First", "new": "New"}]
    assert rows[1]["entity_id"] == rows[1]["project_id"] == str(project.pk)
    assert rows[0]["changes"][0] == {"field": "key", "old": None, "new": "PONE"}
    assert set(api.get(URL).json()["results"][0]) == {
        *("id", "entity_type", "display_key", "action", "actor", "created_at")
    }


def test_filters_narrow(api: APIClient, history: list[int], project: Project) -> None:
    first, second, third, fourth = history
    assert ids(api.get(URL, {"project": "pone"})) == [first, second, fourth]
    assert ids(api.get(URL, {"project": str(project.pk)})) == [first, second, fourth]
    assert ids(api.get(URL, {"project": "NONE"})) == []
    assert ids(api.get(URL, {"actor": "eve"})) == [second, third]
    assert ids(api.get(URL, {"entity": str(project.pk)})) == [first, second, fourth]
    assert ids(api.get(URL, {"since": second})) == [third, fourth]
    assert ids(api.get(URL, {"since": 2**70})) == []
    time = Activity.objects.get(pk=third).created_at
    assert ids(api.get(URL, {"since": time.isoformat()})) == [third, fourth]
    assert ids(api.get(f"{URL}?since={time.isoformat()}")) == [
        third,
        fourth,
    ]  # the server decodes the plus sign as a space
    assert ids(api.get(URL, {"since": "2020-01-01"})) == history


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("since", "yesterday"),
        ("since", "2026-13-01"),
        ("since", "9999-12-31T23:59:59-23:59"),
        ("since", "-1"),
        ("entity", "PONE"),
        ("entity", ""),
        ("ordering", "actor"),
        ("fields", "secret"),
        ("colour", "red"),
    ],
)
def test_wrong_parameter_is_refused(api: APIClient, parameter: str, value: str) -> None:
    error(api.get(URL, {parameter: value}), 400, "VALIDATION_ERROR", parameter)


def test_pages_lead_through_all(api: APIClient, history: list[int]) -> None:
    response = api.get(URL, {"limit": 3, "ordering": "-id"})
    found = [row["id"] for row in response.json()["results"]]
    while response.json()["next"]:
        response = api.get(response.json()["next"])
        found += [row["id"] for row in response.json()["results"]]
    assert found == list(Activity.objects.order_by("-id").values_list("id", flat=True))


def test_list_costs_one_query_and_that_of_the_key(
    api: APIClient, history: list[int], django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(2):
        api.get(URL, {"fields": "*", "project": "PONE"})


def test_activity_is_never_edited(history: list[int]) -> None:
    row = Activity.objects.all()[0]
    with pytest.raises(TypeError):
        row.save()
    with pytest.raises(TypeError):
        row.delete()

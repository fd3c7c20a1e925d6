from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from projects.models import Activity, Project, SwimLane
from tests.projects.api.test_projects import error
from tests.projects.plans import unindexed

pytestmark = pytest.mark.django_db
URL = "/api/v1/swim-lanes/"
BODY = {"project": "PONE", "name": "Blocked", "status_value": "blocked"}
DEFAULTS = ["backlog", "todo", "in_progress", "review", "done"]


def lanes(api: APIClient, **query: Any) -> list[dict[str, Any]]:
    response = api.get(URL, query)
    assert response.status_code == 200, response.content
    rows: list[dict[str, Any]] = response.json()["results"]
    return rows


def statuses(api: APIClient) -> list[str]:
    return [row["status_value"] for row in lanes(api, project="PONE")]


def test_new_project_has_a_lane_for_each_status_but_blocked(api: APIClient, project: Project) -> None:
    rows = lanes(api, project="pone")
    assert [(row["status_value"], row["position"]) for row in rows] == list(zip(DEFAULTS, range(5), strict=True))
    assert set(rows[0]) == {"id", "name", "status_value", "position", "wip_limit", "version"}
    assert rows[0]["id"] == str(uuid.uuid5(project.pk, "backlog"))


def test_archived_project_is_born_with_lanes(api: APIClient) -> None:
    response = api.post("/api/v1/projects/", {"key": "PONE", "title": "t", "status": "archived"})
    assert response.status_code == 201, response.content
    assert statuses(api) == DEFAULTS


def test_create_answers_the_lane(api: APIClient, project: Project) -> None:
    response = api.post(URL, {**BODY, "wip_limit": 3})
    assert response.status_code == 201, response.content
    body = response.json()
    assert set(body) == {
        *("id", "project_id", "name", "status_value", "position", "wip_limit"),
        *("version", "created_at", "updated_at", "created_by", "updated_by"),
    }
    assert (body["project_id"], body["position"], body["wip_limit"]) == (str(project.pk), 5, 3)
    assert api.get(f"{URL}{body['id']}/").json() == body
    assert Activity.objects.latest("id").display_key == "PONE/blocked"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"project": "NONE"}, "project"),
        ({"project_id": "PONE"}, "project"),
        ({"name": " "}, "name"),
        ({"name": "n" * 101}, "name"),
        ({"status_value": "gone"}, "status_value"),
        ({"status_value": None}, "status_value"),
        ({"position": -1}, "position"),
        ({"position": "1"}, "position"),
        ({"wip_limit": 0}, "wip_limit"),
        ({"wip_limit": 10_001}, "wip_limit"),
        ({"wip_limit": True}, "wip_limit"),
        ({"version": 2}, "version"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_wrong_value_names_the_field(api: APIClient, project: Project, values: dict[str, Any], field: str) -> None:
    error(api.post(URL, {**BODY, **values}), 400, "VALIDATION_ERROR", field)


def test_status_has_one_lane(api: APIClient, project: Project) -> None:
    error(api.post(URL, {**BODY, "status_value": "done"}), 409, "CONFLICT", "status_value")
    first = lanes(api, project="PONE")[0]
    error(api.patch(f"{URL}{first['id']}/", {"status_value": "done"}), 409, "CONFLICT", "status_value")
    assert api.patch(f"{URL}{first['id']}/", {"status_value": "blocked"}).status_code == 200


def test_update_sets_and_clears_the_limit(api: APIClient, project: Project) -> None:
    url = f"{URL}{lanes(api)[1]['id']}/"
    assert api.patch(url, {"wip_limit": 2, "name": " Next "}).json()["name"] == "Next"
    assert api.patch(url, {"wip_limit": None}).json()["wip_limit"] is None
    refused = error(api.patch(url, {"wip_limit": 5, "expected_version": 2}), 409, "CONFLICT")
    assert refused["current"]["version"] == 3
    error(api.patch(url, {"project": "NONE"}), 400, "VALIDATION_ERROR", "project")


def test_lane_stays_in_its_project(api: APIClient, project: Project, make_project: Any) -> None:
    make_project("OTHER")
    url = f"{URL}{lanes(api, project='PONE')[0]['id']}/"
    error(api.patch(url, {"project": "OTHER"}), 400, "VALIDATION_ERROR", "project_id")


def test_deleted_lane_frees_its_status_and_comes_back(api: APIClient, project: Project) -> None:
    url = f"{URL}{lanes(api)[4]['id']}/"
    assert api.delete(url).status_code == 204
    error(api.get(url), 404, "NOT_FOUND")
    assert [row["status_value"] for row in lanes(api, deleted="true")] == ["done"]
    again = api.post(URL, {**BODY, "status_value": "done"}).json()
    error(api.post(f"{url}restore/"), 409, "CONFLICT", "status_value")
    api.delete(f"{URL}{again['id']}/")
    assert api.post(f"{url}restore/").json()["status_value"] == "done"
    assert statuses(api) == DEFAULTS


def test_archived_project_is_read_only(api: APIClient, project: Project) -> None:
    first, second = lanes(api)[:2]
    api.delete(f"{URL}{first['id']}/")
    project.archive(actor=project.created_by)
    error(api.post(URL, BODY), 409, "ARCHIVED")
    error(api.patch(f"{URL}{second['id']}/", {"name": "New"}), 409, "ARCHIVED")
    error(api.delete(f"{URL}{second['id']}/"), 409, "ARCHIVED")
    error(api.post(f"{URL}{first['id']}/restore/"), 409, "ARCHIVED")
    order = [row["id"] for row in lanes(api)][::-1]
    error(api.post(f"{URL}reorder/", {"project": "PONE", "order": order}), 409, "ARCHIVED")


def test_reorder_puts_them_in_order(api: APIClient, project: Project, make_project: Any) -> None:
    make_project("OTHER")
    ids = [row["id"] for row in lanes(api, project="PONE")]
    response = api.post(f"{URL}reorder/", {"project": "pone", "order": ids[::-1]})
    assert response.status_code == 200, response.content
    assert [row["status_value"] for row in response.json()["results"]] == DEFAULTS[::-1]
    assert statuses(api) == DEFAULTS[::-1]
    assert [row["position"] for row in lanes(api, project="PONE")] == list(range(5))
    unchanged = SwimLane.objects.get(project=project, status_value="in_progress")
    assert unchanged.version == 1


def test_reorder_names_each_lane_once(api: APIClient, project: Project, make_project: Any) -> None:
    other = make_project("OTHER")
    ids = [row["id"] for row in lanes(api, project="PONE")]
    foreign = [str(uuid.uuid5(other.pk, "todo"))]
    for order in (ids[1:], [*ids, ids[0]], [*ids[1:], ids[1]], [*ids[1:], *foreign], []):
        error(api.post(f"{URL}reorder/", {"project": "PONE", "order": order}), 400, "VALIDATION_ERROR", "order")
    error(api.post(f"{URL}reorder/", {"project": "PONE", "order": ["x"]}), 400, "VALIDATION_ERROR", "order.0")
    error(api.post(f"{URL}reorder/", {"order": ids}), 400, "VALIDATION_ERROR", "project")
    assert statuses(api) == DEFAULTS


@pytest.mark.parametrize("query", [{"project": "PONE"}, {"project": "PONE", "fields": "*"}, {"deleted": "true"}, {}])
def test_list_costs_the_same_for_any_number_of_rows(api: APIClient, make_project: Any, query: dict[str, str]) -> None:
    counts = []
    make_project("PONE")
    for number in range(3):
        make_project(f"KEY{number}", actor=f"user {number}")
        with CaptureQueriesContext(connection) as queries:
            lanes(api, **query)
        counts.append(len(queries))
        assert [step for step in unindexed(queries) if "swimlane" in step] == []
    assert len(set(counts)) == 1

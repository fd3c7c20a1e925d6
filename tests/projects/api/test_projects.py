from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.entities.project import POLICIES
from projects.models import Project
from tests.projects.conftest import of_projects

pytestmark = pytest.mark.django_db
URL = "/api/v1/projects/"


def error(response: Any, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    assert response.status_code == status, response.content
    body = response.json()["error"]
    assert (body["code"], body.get("field")) == (code, field), body
    return body


def test_create_answers_the_project(api: APIClient) -> None:
    response = api.post(URL, {"key": "pone", "title": "  First ", "description": "All\r\nof it "})
    assert response.status_code == 201, response.content
    body = response.json()
    assert (body["key"], body["title"], body["description"]) == ("PONE", "First", "All\nof it")
    assert (body["status"], body["version"], body["next_work_item_number"]) == ("active", 1, 1)
    assert (body["created_by"], body["updated_by"]) == ("llm", "llm")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", body["created_at"])
    assert response["Location"] == f"http://testserver{URL}{body['id']}/"
    assert response["ETag"] == '"1"'
    assert set(body) == {
        *("id", "key", "title", "description", "status", "next_work_item_number", *POLICIES),
        *("version", "created_at", "updated_at", "created_by", "updated_by"),
    }


def test_create_without_a_key_takes_a_free_one_from_the_title(api: APIClient) -> None:
    keys = [api.post(URL, {"title": title}).json()["key"] for title in ("My app", "My apples", "Über uns", "会議")]
    assert keys == ["MA", "MA2", "UU", "PROJ"]


@pytest.mark.parametrize("identifier", ["PONE", "pone", "PoNe", "id"])
def test_retrieve_takes_id_and_key_in_any_case(api: APIClient, project: Project, identifier: str) -> None:
    name = str(project.pk) if identifier == "id" else identifier
    response = api.get(f"{URL}{name}/")
    assert response.status_code == 200
    assert response.json()["description"] == "The first one."
    assert response["ETag"] == '"1"'


@pytest.mark.parametrize("identifier", ["NONE", str(uuid.UUID(int=7)), "a%2Fb", "💥"])
def test_retrieve_of_what_is_not_there_is_not_found(api: APIClient, project: Project, identifier: str) -> None:
    error(api.get(f"{URL}{identifier}/"), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"key": "PONE"}, "title"),
        ({"key": "P", "title": "t"}, "key"),
        ({"key": "1P", "title": "t"}, "key"),
        ({"key": "P" * 21, "title": "t"}, "key"),
        ({"key": "P-ONE", "title": "t"}, "key"),
        ({"key": "PÖNE", "title": "t"}, "key"),
        ({"key": "ıab", "title": "t"}, "key"),
        ({"key": 12, "title": "t"}, "key"),
        ({"key": "PONE", "title": "   "}, "title"),
        ({"key": "PONE", "title": "t" * 201}, "title"),
        ({"key": "PONE", "title": 5}, "title"),
        ({"key": "PONE", "title": None}, "title"),
        ({"key": "PONE", "title": "a\x00b"}, "title"),
        ({"key": "PONE", "title": "a\nb"}, "title"),
        ({"key": "PONE", "title": "a\x1b[2Jb"}, "title"),
        ({"key": "PONE", "title": "t", "description": "d" * 150_001}, "description"),
        ({"key": "PONE", "title": "t", "description": "\x07"}, "description"),
        ({"key": "PONE", "title": "t", "status": "gone"}, "status"),
        ({"key": "PONE", "title": "t", "version": 7}, "version"),
        ({"key": "PONE", "title": "t", "id": str(uuid.UUID(int=7))}, "id"),
        ({"key": "PONE", "title": "t", "next_work_item_number": 7}, "next_work_item_number"),
        ({"key": "PONE", "title": "t", "created_by": "eve"}, "created_by"),
        ({"key": "PONE", "title": "t", "deleted_at": None}, "deleted_at"),
        ({"key": "PONE", "title": "t", "colour": "red"}, "colour"),
        ({"key": "PONE", "title": "t", "expected_version": 1}, "expected_version"),
    ],
)
def test_create_with_a_wrong_value_names_the_field(api: APIClient, body: dict[str, Any], field: str) -> None:
    problem = error(api.post(URL, body), 400, "VALIDATION_ERROR", field)
    assert problem["message"].startswith(f"{field}: ")
    assert not Project.objects.exists()
    assert not of_projects().exists()


@pytest.mark.parametrize(
    "body", [rb'{"key": "PONE", "title": "\ud800"}', rb'{"key": "PONE", "title": "t", "\udfff": 1}']
)
def test_lone_surrogates_are_refused(api: APIClient, body: bytes) -> None:
    response = api.generic("POST", URL, body, content_type="application/json")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "VALIDATION_ERROR"


def test_lengths_count_characters_after_trimming(api: APIClient) -> None:
    title = "💥" * 200
    response = api.post(URL, {"key": "PONE", "title": f"  {title}  "})
    assert response.json()["title"] == title


def test_taken_key_is_a_conflict(api: APIClient, project: Project) -> None:
    error(api.post(URL, {"key": "pone", "title": "t"}), 409, "CONFLICT", "key")


def test_update_writes_only_what_changes(api: APIClient, project: Project) -> None:
    response = api.patch(f"{URL}PONE/", {"title": "New", "description": "The first one."})
    assert response.status_code == 200
    assert (response.json()["title"], response.json()["version"]) == ("New", 2)
    assert response["ETag"] == '"2"'
    latest = of_projects().latest("id")
    assert latest.changes == [{"field": "title", "old": "First", "new": "New"}]
    assert (latest.action, latest.version, latest.actor.username) == ("updated", 2, "llm")


def test_update_that_changes_nothing_writes_nothing(api: APIClient, project: Project) -> None:
    response = api.patch(f"{URL}PONE/", {"title": " First", "key": "pone"})
    assert response.status_code == 200
    assert response.json()["version"] == 1
    assert of_projects().count() == 1


def test_blank_description_is_stored_as_empty(api: APIClient, project: Project) -> None:
    assert api.patch(f"{URL}PONE/", {"description": "  \n "}).json()["description"] == ""


def test_key_is_immutable(api: APIClient, project: Project) -> None:
    problem = error(api.patch(f"{URL}PONE/", {"key": "OTHER"}), 400, "VALIDATION_ERROR", "key")
    assert "immutable" in problem["message"]


@pytest.mark.parametrize("field", ["version", "created_at", "updated_by", "next_work_item_number", "deleted_at", "x"])
def test_update_of_a_field_that_is_not_writable_is_refused(api: APIClient, project: Project, field: str) -> None:
    error(api.patch(f"{URL}PONE/", {field: 5}), 400, "VALIDATION_ERROR", field)


@pytest.mark.parametrize("by", ["body", "header", "weak header"])
def test_stale_update_is_a_conflict_that_reports_what_changed(api: APIClient, project: Project, by: str) -> None:
    api.patch(f"{URL}PONE/", {"title": "Second"}, HTTP_X_PM_ACTOR="eve")
    body: dict[str, Any] = {"title": "Third"}
    headers = {}
    if by == "body":
        body["expected_version"] = 1
    else:
        headers["HTTP_IF_MATCH"] = '"1"' if by == "header" else 'W/"1"'
    problem = error(api.patch(f"{URL}PONE/", body, **headers), 409, "CONFLICT")
    assert problem["current_version"] == 2
    assert problem["current"]["title"] == "Second"
    assert [(change["version"], change["actor"], change["action"]) for change in problem["changes"]] == [
        (2, "eve", "updated")
    ]
    assert problem["changes"][0]["changes"] == [{"field": "title", "old": "First", "new": "Second"}]
    project.refresh_from_db()
    assert project.title == "Second"


def test_update_of_the_expected_version_succeeds(api: APIClient, project: Project) -> None:
    assert api.patch(f"{URL}PONE/", {"title": "A", "expected_version": 1}).status_code == 200
    assert api.patch(f"{URL}PONE/", {"title": "B"}, HTTP_IF_MATCH='"2"').json()["version"] == 3
    assert api.patch(f"{URL}PONE/", {"title": "C"}, HTTP_IF_MATCH="*").json()["version"] == 4


def test_version_in_header_and_body_must_both_be_right(api: APIClient, project: Project) -> None:
    body = {"title": "A", "expected_version": 1}
    error(api.patch(f"{URL}PONE/", body, HTTP_IF_MATCH='"2"'), 409, "CONFLICT")
    error(api.patch(f"{URL}PONE/", body | {"expected_version": 2}, HTTP_IF_MATCH='"1"'), 409, "CONFLICT")
    error(api.patch(f"{URL}PONE/", body | {"expected_version": 10**30}), 409, "CONFLICT")
    assert api.patch(f"{URL}PONE/", body, HTTP_IF_MATCH='"1"').status_code == 200


@pytest.mark.parametrize("header", ['"1", "2"', "abc", '""', '"-1"'])
def test_unreadable_if_match_is_refused(api: APIClient, project: Project, header: str) -> None:
    response = api.patch(f"{URL}PONE/", {"title": "A"}, HTTP_IF_MATCH=header)
    error(response, 400, "VALIDATION_ERROR", "If-Match")


@pytest.mark.parametrize("version", [0, -1, "1", 1.5, True, None])
def test_expected_version_must_be_a_number(api: APIClient, project: Project, version: Any) -> None:
    response = api.patch(f"{URL}PONE/", {"title": "A", "expected_version": version})
    error(response, 400, "VALIDATION_ERROR", "expected_version")


def test_archived_project_is_read_only(api: APIClient, project: Project) -> None:
    assert api.patch(f"{URL}PONE/", {"status": "archived"}).status_code == 200
    error(api.patch(f"{URL}PONE/", {"title": "New"}), 409, "ARCHIVED")
    error(api.patch(f"{URL}PONE/", {"title": "New", "status": "active"}), 409, "ARCHIVED")
    error(api.delete(f"{URL}PONE/"), 409, "ARCHIVED")
    assert api.patch(f"{URL}PONE/", {"status": "archived"}).json()["version"] == 2
    assert api.patch(f"{URL}PONE/", {"status": "active"}).json()["status"] == "active"
    assert api.patch(f"{URL}PONE/", {"title": "New"}).status_code == 200


def test_deleted_project_is_gone_and_frees_its_key(api: APIClient, project: Project) -> None:
    response = api.delete(f"{URL}PONE/")
    assert (response.status_code, response.content) == (204, b"")
    error(api.get(f"{URL}PONE/"), 404, "NOT_FOUND")
    error(api.patch(f"{URL}{project.pk}/", {"title": "New"}), 404, "NOT_FOUND")
    error(api.delete(f"{URL}PONE/"), 404, "NOT_FOUND")
    assert api.get(URL).json()["results"] == []
    assert [row["key"] for row in api.get(URL, {"deleted": "true"}).json()["results"]] == ["PONE"]
    assert api.post(URL, {"key": "PONE", "title": "Again"}).status_code == 201


def test_delete_of_a_stale_version_is_a_conflict(api: APIClient, project: Project) -> None:
    api.patch(f"{URL}PONE/", {"title": "Second"})
    error(api.delete(f"{URL}PONE/", {"expected_version": 1}), 409, "CONFLICT")
    error(api.delete(f"{URL}PONE/", HTTP_IF_MATCH='"1"'), 409, "CONFLICT")
    error(api.delete(f"{URL}PONE/", {"title": "x"}), 400, "VALIDATION_ERROR", "title")
    assert api.delete(f"{URL}PONE/", HTTP_IF_MATCH='"2"').status_code == 204


@pytest.mark.parametrize("identifier", ["key", "id"])
def test_restore_brings_it_back(api: APIClient, project: Project, identifier: str) -> None:
    api.delete(f"{URL}PONE/")
    response = api.post(f"{URL}{'pone' if identifier == 'key' else project.pk}/restore/")
    assert response.status_code == 200, response.content
    assert (response.json()["key"], response.json()["version"]) == ("PONE", 3)
    actions = list(of_projects().values_list("action", flat=True))
    assert actions == ["created", "deleted", "restored"]


def test_restore_onto_a_taken_key_is_a_conflict(api: APIClient, project: Project) -> None:
    api.delete(f"{URL}PONE/")
    api.post(URL, {"key": "PONE", "title": "Again"})
    error(api.post(f"{URL}{project.pk}/restore/"), 409, "CONFLICT", "key")


def test_restore_of_what_lives_is_a_conflict(api: APIClient, project: Project) -> None:
    error(api.post(f"{URL}PONE/restore/"), 409, "CONFLICT")
    error(api.post(f"{URL}NONE/restore/"), 404, "NOT_FOUND")
    error(api.post(f"{URL}PONE/restore/", {"title": "x"}), 400, "VALIDATION_ERROR", "title")


def test_settings_limit_the_lengths(api: APIClient, settings: Any, make_project: Callable[..., Project]) -> None:
    settings.PM_MAX_TITLE_LENGTH = 10
    error(api.post(URL, {"key": "PONE", "title": "t" * 11}), 400, "VALIDATION_ERROR", "title")
    assert api.post(URL, {"key": "PONE", "title": "t" * 10}).status_code == 201

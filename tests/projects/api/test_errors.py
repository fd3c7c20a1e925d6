from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from projects.models import Project
from tests.processes import scaled
from tests.projects.api.test_projects import URL, error

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("route", ["/api/", "/api/v1/", "/api/v1/nothing/", "/api/v1/projects", "/api/v2/projects/"])
@pytest.mark.parametrize("method", ["get", "post", "delete", "options"])
def test_unknown_route_is_not_found(api: APIClient, route: str, method: str) -> None:
    error(getattr(api, method)(route), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "route", "allowed"),
    [
        ("put", "/api/v1/projects/PONE/", "GET, PATCH, DELETE, HEAD"),
        ("post", "/api/v1/projects/PONE/", "GET, PATCH, DELETE, HEAD"),
        ("delete", "/api/v1/projects/", "GET, POST, HEAD"),
        ("options", "/api/v1/projects/", "GET, POST, HEAD"),
        ("get", "/api/v1/projects/PONE/restore/", "POST"),
        ("post", "/api/v1/activity/", "GET, HEAD"),
        ("get", "/api/v1/server/stop/", "POST"),
        ("trace", "/api/v1/projects/", "GET, POST, HEAD"),
    ],
)
def test_wrong_method_is_refused(api: APIClient, method: str, route: str, allowed: str) -> None:
    response = api.generic(method.upper(), route)
    error(response, 405, "METHOD_NOT_ALLOWED")
    assert response["Allow"] == allowed


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ('{"key": "PONE", "title": "a", "title": "b"}', "title"),
        ('{"key": "PONE", "title": "a", "a": [{"b": {"c": 1, "c": 1}}]}', "c"),
        ('{"key": "PONE", "title": "a", "' + "k" * 200 + '": 1, "' + "k" * 200 + '": 1}', "k" * 100),
    ],
)
def test_name_twice_in_a_body_is_refused(api: APIClient, body: str, name: str) -> None:
    answer = api.generic("POST", URL, body, content_type="application/json")
    message = error(answer, 400, "VALIDATION_ERROR")["message"]
    assert message == f'the body has "{name}" twice in one object; send it once'
    assert not Project.objects.exists()


def test_name_twice_among_many_is_refused_at_once(api: APIClient) -> None:
    names = [f'"{number}":0' for number in range(20_000)]
    begin = time.thread_time()
    body = f"{{{','.join([*names, names[-1]])}}}"
    error(api.generic("POST", URL, body, content_type="application/json"), 400, "VALIDATION_ERROR")
    assert time.thread_time() - begin < scaled(1)


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*"])
def test_unacceptable_media_type_is_refused(api: APIClient, accept: str) -> None:
    error(api.get(URL, HTTP_ACCEPT=accept), 406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x"]
)
def test_wrong_content_type_is_refused(api: APIClient, content_type: str) -> None:
    error(api.generic("POST", URL, "key=PONE", content_type=content_type), 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'a': 1}",
        b"\xff\xfe",
        b'{"key": NaN}',
        b'{"key": Infinity}',
        b"[" * 100_000,
        b"1" * 5000,
        b'{"a":' * 9999,
    ],
)
@pytest.mark.parametrize("charset", ["", "; charset=utf-16", "; charset=hex", "; charset=nonsense"])
def test_malformed_json_is_refused(api: APIClient, body: bytes, charset: str) -> None:
    response = api.generic("POST", URL, body, content_type=f"application/json{charset}")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"5", b"null", b"true", b""])
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_body_that_is_not_an_object_is_refused(api: APIClient, project: Project, body: bytes, method: str) -> None:
    response = api.generic(method, URL if method == "POST" else f"{URL}PONE/", body, content_type="application/json")
    if body or method == "POST":
        assert response.status_code == 400
        assert response.json()["error"]["code"] == "VALIDATION_ERROR"


def test_all_errors_are_reported_at_once(api: APIClient) -> None:
    problem = error(api.post(URL, {"key": 12}), 400, "VALIDATION_ERROR", "key")
    assert "key: " in problem["message"]
    assert "title: " in problem["message"]


def test_full_disk_is_unavailable(api: APIClient, full_disk: None) -> None:
    response = api.post(URL, {"key": "PONE", "title": "t", "description": "d" * 100_000})
    problem = error(response, 503, "UNAVAILABLE")
    assert response["Retry-After"] == "1"
    assert problem["message"].startswith("the disk is full")
    assert not Project.objects.exists()


def test_unexpected_exception_is_an_internal_error_without_details(api: APIClient, settings: Any) -> None:
    settings.PM_MAX_TITLE_LENGTH = "secret"  # not a number, so that a comparison raises
    api.raise_request_exception = False
    problem = error(api.post(URL, {"key": "PONE", "title": "t"}), 500, "INTERNAL_ERROR")
    assert "secret" not in str(problem)
    assert "TypeError" not in str(problem)


def test_database_constraint_is_the_last_resort(api: APIClient, project: Project) -> None:
    from django.db import IntegrityError

    from projects.api.exceptions import handle

    response = handle(IntegrityError("UNIQUE constraint failed: projects_project.key"), {})
    assert response is not None
    assert response.status_code == 409
    assert "UNIQUE" not in str(response.data)


@pytest.mark.parametrize("accept", ["text/html", "*/*", "application/json"])
def test_other_errors_are_html_in_a_browser_and_json_for_clients(accept: str) -> None:
    response = Client().get("/nothing", HTTP_ACCEPT=accept)
    assert response.status_code == 404
    if accept == "text/html":
        assert b"Error 404" in response.content
    else:
        error(response, 404, "NOT_FOUND")


def test_form_without_csrf_token_is_refused_with_advice(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    assert b"reload it" in client.post("/admin/login/", HTTP_ACCEPT="text/html").content
    error(client.post("/admin/login/"), 403, "FORBIDDEN")


@pytest.mark.parametrize("path", ["/health", "/ready", "/", "/login/abc/"])
def test_wrong_method_on_a_page_is_refused(path: str) -> None:
    response = Client().post(path)
    error(response, 405, "METHOD_NOT_ALLOWED")
    assert response["Allow"] == "GET, HEAD"

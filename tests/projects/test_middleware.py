from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from discovery.signals import ServerStop, person_url_requested, server_checked, server_starting
from projects.entities.project import DEFAULT_POLICIES
from projects.models import LoginTicket, Project
from projects.sqlite import identity
from tests.projects.api.test_projects import URL, error
from tests.projects.conftest import INFO

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/health", "/ready", "/nothing", "/admin/login/", "/api/v1/projects/", "/"])
def test_every_answer_bears_instance_and_length(running: Any, path: str) -> None:
    response = Client().get(path)
    assert response["X-PM-Instance"] == INFO.instance_id
    assert int(response["Content-Length"]) == len(response.content)


def test_head_has_the_length_of_the_get_and_no_body() -> None:
    response = Client().head("/health")
    assert response.content == b""
    assert int(response["Content-Length"]) == len(Client().get("/health").content)


def test_no_instance_is_named_where_no_server_runs() -> None:
    assert "X-PM-Instance" not in Client().get("/health")


def test_too_large_body_is_refused_before_it_is_read(api: APIClient, settings: Any) -> None:
    settings.PM_MAX_BODY_BYTES = 100
    assert api.post(URL, {"key": "PONE", "title": "t" * 20}).status_code == 201
    error(api.post(URL, {"key": "PTWO", "title": "t" * 100}), 413, "PAYLOAD_TOO_LARGE")
    error(APIClient().post(URL, {"key": "PTWO", "title": "t" * 100}), 413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    ("url", "field"),
    [
        ("/api/v1/changes/?since=0&not_by=%00", "not_by"),
        ("/api/v1/work-items/?label=a&label=a%00b", "label"),
        ("/api/v1/work-items/a%00b/", None),
        ("/search/?q=a%00b", "q"),
        ("/board/PONE/?assignee=%00", "assignee"),
        ("/admin/projects/workitem/?q=%00", "q"),
        ("/?a%00=1", r"a\x00"),
        ("/%00", None),
    ],
)
def test_null_character_in_a_url_is_refused(api: APIClient, browser: Client, url: str, field: str | None) -> None:
    assert "U+0000" in error(api.get(url), 400, "VALIDATION_ERROR", field)["message"]
    answer = browser.get(url, HTTP_ACCEPT="text/html")
    assert answer.status_code == 400
    assert b"U+0000" in answer.content


def test_percent_sign_before_zeros_is_no_null_character(api: APIClient, project: Project) -> None:
    assert api.get(f"{URL}?search=%2500").status_code == 200


def send_chunked(api: APIClient, body: bytes) -> Any:
    return api.generic(
        "POST",
        URL,
        content_type="application/json",
        **{"wsgi.input": io.BytesIO(body), "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_TYPE": "application/json"},
    )


def test_chunked_body_is_read(api: APIClient) -> None:
    response = send_chunked(api, b'{"key": "PONE", "title": "%s"}' % (b"t" * 200))
    assert response.status_code == 201, response.content


def test_long_chunked_body_is_read(api: APIClient) -> None:
    body = b'{"key": "PONE", "title": "t", "description": "%s"}' % (b" " * 2_000_000)
    assert send_chunked(api, body).status_code == 201


def test_too_large_chunked_body_is_refused(api: APIClient, settings: Any) -> None:
    settings.PM_MAX_BODY_BYTES = 100
    error(send_chunked(api, b" " * 101), 413, "PAYLOAD_TOO_LARGE")


@pytest.fixture
def known() -> Iterator[None]:
    """The database file is remembered, as at a server's start."""
    identity.remember()
    yield
    identity.forget()


def test_database_that_is_still_there_is_used(api: APIClient, known: None) -> None:
    assert api.get(URL).status_code == 200
    server_checked.send(sender=None, info=INFO)


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_database_that_is_not_ours_is_unavailable(api: APIClient, known: None, how: str) -> None:
    path = Path(identity.path())
    aside = path.rename(path.with_suffix(".aside"))
    try:
        if how == "replaced":
            path.write_bytes(aside.read_bytes())
        problem = error(api.get(URL), 503, "UNAVAILABLE")
        assert "deleted or replaced" in problem["message"]
        assert Client().get("/health").status_code == 200
        assert Client().get("/ready").status_code == 503
        assert b"Error 503" in Client().get("/", HTTP_ACCEPT="text/html").content
        with pytest.raises(ServerStop, match="was deleted or replaced while the server was running"):
            server_checked.send(sender=None, info=INFO)
    finally:
        aside.rename(path)
    assert api.get(URL).status_code == 200


def test_start_drops_old_tickets_and_leaves_no_connection(transactional_db: None) -> None:
    LoginTicket.objects.issue(600)
    try:
        server_starting.send(sender=None)
        assert connection.connection is None
        assert not LoginTicket.objects.exists()
    finally:
        identity.forget()


def test_person_gets_a_link_that_signs_in(transactional_db: None) -> None:
    answers = person_url_requested.send(sender=None, info=INFO, seconds=600)
    assert connection.connection is None
    urls = [url for _, url in answers if url]
    assert len(urls) == 1
    assert urls[0].startswith(f"{INFO.url}/login/")
    assert Client().get(urls[0].removeprefix(INFO.url)).status_code == 303


def test_full_disk_in_the_admin_is_unavailable(
    browser: Client, make_project: Callable[..., Project], full_disk: None
) -> None:
    data = {"key": "PTWO", "title": "t", "description": "d" * 100_000, "status": "active"}
    data |= DEFAULT_POLICIES
    response = browser.post("/admin/projects/project/add/", data, HTTP_ACCEPT="text/html")
    assert response.status_code == 503
    assert b"try again" in response.content

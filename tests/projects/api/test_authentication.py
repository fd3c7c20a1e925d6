from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from discovery import runtime
from projects.models import Project, User
from projects.models.user import AGENT_ID, id_of
from tests.projects.api.test_projects import URL, error
from tests.projects.conftest import TOKEN, bearer, of_projects

pytestmark = pytest.mark.django_db
ROUTES = [
    "/api/v1/projects/",
    "/api/v1/projects/PONE/",
    "/api/v1/activity/",
    "/api/v1/server/",
    "/api/v1/server/stop/",
    "/api/v1/login-links/",
    "/api/v1/schema/",
    "/api/v1/nothing/",
    "/api/v2/",
    "/api/",
]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options", "head"])
def test_request_without_credentials_is_refused(running: Any, project: Project, route: str, method: str) -> None:
    response = getattr(APIClient(), method)(route)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    if method != "head":
        error(response, 401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        "Bearer",
        "Bearer ",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer tökén",
        f"Token {TOKEN}",
    ],
)
def test_wrong_token_is_refused_even_with_a_session(running: Any, browser: Client, header: str) -> None:
    assert browser.get(URL).status_code == 200
    response = browser.get(URL, HTTP_AUTHORIZATION=header)
    error(response, 401, "UNAUTHENTICATED")
    assert response["WWW-Authenticate"] == "Bearer"


def test_any_token_is_refused_if_the_server_has_none(db: None) -> None:
    assert runtime.current.token is None
    for header in ("Bearer ", "Bearer None", f"Bearer {TOKEN}"):
        assert APIClient(HTTP_AUTHORIZATION=header).get(URL).status_code == 401


def test_scheme_ignores_case(running: Any) -> None:
    assert APIClient(HTTP_AUTHORIZATION=f"bearer {TOKEN}").get(URL).status_code == 200


def test_actor_is_llm_by_default(api: APIClient) -> None:
    assert api.post(URL, {"key": "PONE", "title": "t"}).json()["created_by"] == "llm"
    user = User.objects.get()
    assert (user.pk, user.is_agent, user.is_superuser, user.has_usable_password()) == (AGENT_ID, True, False, False)


def test_header_names_the_actor(running: Any) -> None:
    response = bearer("J%C3%BCrgen%20%F0%9F%92%A5").post(URL, {"key": "PONE", "title": "t"})
    assert response.json()["created_by"] == "Jürgen 💥"
    user = User.objects.get()
    assert user.pk == id_of("Jürgen 💥")
    assert (user.is_agent, user.is_staff, user.is_superuser, user.has_usable_password()) == (True, *(False,) * 3)
    assert of_projects().get().actor == user


@pytest.mark.parametrize("name", ["%ff", "", "100%", "%zz", "%20", "a" * 151, "a%00b", "a%0Ab", "%ED%A0%80"])
def test_unreadable_actor_is_refused(running: Any, name: str) -> None:
    error(bearer(name).get(URL), 400, "VALIDATION_ERROR", "X-PM-Actor")


def test_reads_create_no_user(running: Any, project: Project) -> None:
    before = User.objects.count()
    with CaptureQueriesContext(connection) as queries:
        assert bearer("nobody").get(f"{URL}PONE/").status_code == 200
    assert "projects_user" not in queries[0]["sql"].partition("WHERE")[2]
    assert User.objects.count() == before


def test_refused_write_creates_no_user(running: Any, project: Project) -> None:
    before = User.objects.count()
    error(bearer("nobody").post(URL, {"key": "PONE", "title": "t"}), 409, "CONFLICT", "key")
    assert User.objects.count() == before


def test_header_does_not_override_the_session_user(running: Any, browser: Client, owner: User) -> None:
    response = browser.post(URL, {"key": "PONE", "title": "t"}, "application/json", HTTP_X_PM_ACTOR="eve")
    assert response.status_code == 201
    assert response.json()["created_by"] == owner.username
    assert not User.objects.filter(username="eve").exists()


def test_session_needs_the_csrf_token(running: Any, owner: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    body = {"key": "PONE", "title": "t"}
    error(client.post(URL, body, "application/json"), 403, "FORBIDDEN")
    client.get("/admin/projects/project/add/")
    from django.conf import settings

    token = client.cookies[settings.CSRF_COOKIE_NAME].value
    assert client.post(URL, body, "application/json", HTTP_X_CSRFTOKEN=token).status_code == 201


def test_bearer_needs_no_csrf_token(running: Any) -> None:
    client = APIClient(enforce_csrf_checks=True, HTTP_AUTHORIZATION=f"Bearer {TOKEN}")
    assert client.post(URL, {"key": "PONE", "title": "t"}).status_code == 201


def test_concurrent_requests_create_one_user(transactional_db: None) -> None:
    from tests.projects.threads import at_once

    found = at_once(8, lambda _: User.objects.actor("new").pk)
    assert set(found) == {id_of("new")}
    assert User.objects.count() == 1

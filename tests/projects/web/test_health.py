from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from projects.models import User
from projects.version import VERSION
from tests.projects.api.test_projects import error
from tests.projects.conftest import INFO


def test_health_needs_no_credentials_and_no_database(running: Any) -> None:
    response = Client().get("/health")
    assert response.json() == {"status": "ok", "version": VERSION, "instance_id": INFO.instance_id}


@pytest.mark.django_db
def test_ready_touches_the_database(running: Any) -> None:
    assert Client().get("/ready").json() == {"status": "ready"}


@pytest.mark.django_db
def test_ready_without_tables_is_unavailable(running: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE projects_user RENAME TO elsewhere")
    error(Client().get("/ready"), 503, "UNAVAILABLE")


@pytest.mark.django_db
def test_home_requires_login(browser: Client) -> None:
    assert browser.get("/").status_code == 200
    stranger = Client().get("/", follow=True, HTTP_ACCEPT="text/html")
    assert stranger.redirect_chain == [("/admin/login/?next=/", 302)]
    assert b"pm server open" in stranger.content


def test_favicon_is_served(db: None) -> None:
    response = Client().get("/favicon.ico", follow=True)
    assert response.redirect_chain == [("/static/pm/favicon.svg", 302)]
    assert response["Content-Type"] == "image/svg+xml"
    response.close()


@pytest.mark.parametrize("path", ["/health", "/ready", "/login/x/"])
def test_wrong_method_is_405_and_not_a_csrf_failure(db: None, path: str) -> None:
    response = Client(enforce_csrf_checks=True).post(path)
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"


def test_admin_redirect_route_is_disabled(db: None) -> None:
    client = Client()
    client.force_login(User.objects.owner())
    assert client.get("/admin/r/1/1/").status_code == 404

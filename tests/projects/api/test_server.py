from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from discovery import runtime
from discovery.portfile import ServerInfo
from projects.models import LoginTicket, User
from tests.projects.api.test_projects import error
from tests.projects.conftest import INFO

pytestmark = pytest.mark.django_db


def test_server_returns_what_was_published(api: APIClient) -> None:
    body = api.get("/api/v1/server/").json()
    assert body == {
        name: getattr(INFO, name)
        for name in ("pid", "port", "host", "url", "started_at", "version", "instance_id", "root")
    }


def test_server_that_was_not_published_is_unavailable(api: APIClient, running: runtime.Runtime) -> None:
    running.info = None
    error(api.get("/api/v1/server/"), 503, "UNAVAILABLE")
    error(api.post("/api/v1/server/stop/"), 503, "UNAVAILABLE")


def test_stop_of_an_orphan_is_unavailable(api: APIClient, running: runtime.Runtime) -> None:
    running.info = ServerInfo(**(INFO.fields() | {"pid": os.getppid() + 1}))
    error(api.post("/api/v1/server/stop/"), 503, "UNAVAILABLE")


STOP = """
import django, os, signal, sys
django.setup()
from discovery import runtime
from discovery.portfile import ServerInfo
from rest_framework.test import APIClient
got = []
signal.signal(signal.SIGTERM, lambda *_: got.append(1))
runtime.current.token = "t"
runtime.current.info = ServerInfo(1, os.getpid(), 5174, "127.0.0.1", "u", "s", "v", "i")
reading, writing = os.pipe()
child = os.fork()
if not child:
    answer = APIClient(HTTP_AUTHORIZATION="Bearer t", HTTP_HOST="127.0.0.1").post("/api/v1/server/stop/")
    os.write(writing, b"%d" % answer.status_code)
    os._exit(0)
os.waitpid(child, 0)
print(os.read(reading, 9).decode(), len(got))
"""


def test_stop_signals_the_master() -> None:
    environ = os.environ | {"DJANGO_SETTINGS_MODULE": "pmsite.settings"}
    done = subprocess.run([sys.executable, "-c", STOP], env=environ, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["202", "1"], done.stderr


def test_login_link_signs_in(api: APIClient) -> None:
    response = api.post("/api/v1/login-links/")
    assert response.status_code == 201
    assert response["Cache-Control"] == "no-store"
    client = Client()
    assert client.get(response.json()["url"]).status_code == 303
    assert client.get("/admin/").status_code == 200


def test_login_link_is_stored_as_a_digest(api: APIClient) -> None:
    ticket = api.post("/api/v1/login-links/").json()["url"].split("/")[2]
    stored = LoginTicket.objects.get().digest
    assert ticket not in stored
    assert len(stored) == 64
    assert not User.objects.exists()


@pytest.mark.parametrize("route", ["/api/v1/login-links/", "/api/v1/server/stop/"])
def test_unexpected_body_is_refused(api: APIClient, route: str, running: Any) -> None:
    error(api.post(route, {"next": "/"}), 400, "VALIDATION_ERROR", "next")
    error(api.post(f"{route}?a=1"), 400, "VALIDATION_ERROR", "a")

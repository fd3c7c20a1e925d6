from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from projects.api.exceptions import CODES
from tests.processes import Server
from tests.projects.threads import at_once

pytestmark = pytest.mark.django_db
ENTITIES = (
    *("projects", "work-items", "sprints", "comments", "dependencies", "time-entries", "swim-lanes"),
    *("reviews", "waivers", "questions", "criteria", "checks", "check-runs", "saved-views", "labels", "attachments"),
)


@pytest.fixture
def schema(api: APIClient) -> dict[str, Any]:
    response = api.get("/api/v1/schema/")
    assert response["Content-Type"] == "application/json"
    body: dict[str, Any] = response.json()
    return body


@pytest.mark.slow
def test_schema_is_valid_and_without_warnings() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=io.StringIO())


def test_every_operation_describes_its_errors(schema: dict[str, Any]) -> None:
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            expected = {"400", "401", "403", "406", "500", "503"}
            expected |= {"413", "415"} if method != "get" else set()
            expected |= {"404"} if "{" in path or path.endswith("/edit/") else set()
            expected |= {"409"} if path.split("/")[3] in ENTITIES else set()  # a name may be that of several
            expected |= {"409"} if method != "get" and path.startswith("/api/v1/sync/") else set()
            expected |= {"409"} if path == "/api/v1/sync/unpublished/" else set()
            expected |= {"409"} if path == "/api/v1/import/{source}/" else set()
            assert {code for code in operation["responses"] if code >= "400"} == expected, (method, path)
            assert operation["security"] == [{"bearer": []}, {"session": []}]
            for code in expected:
                reference = operation["responses"][code]["content"]["application/json"]["schema"]["$ref"]
                assert reference == "#/components/schemas/Error"


def test_schema_knows_every_error_code(schema: dict[str, Any]) -> None:
    own = {
        "ARCHIVED",
        "CLAIMED",
        "CYCLE",
        "HAS_BLOCKERS",
        "HAS_CHILDREN",
        "KEY_MOVED",
        "NOTHING_READY",
        "NOT_READY",
    } | {"CHECK_UNTRUSTED", "CONTENT_NEEDED", "EVIDENCE_MISSING", "SYNC_OFF"}
    assert set(schema["components"]["schemas"]["CodeEnum"]["enum"]) == {*CODES.values(), *own}


def test_schema_describes_the_headers(schema: dict[str, Any]) -> None:
    patch = schema["paths"]["/api/v1/projects/{id}/"]["patch"]
    names = {parameter["name"] for parameter in patch["parameters"]}
    assert names == {"id", "X-PM-Actor", "Idempotency-Key", "If-Match"}
    assert set(patch["responses"]["200"]["headers"]) == {"ETag"}
    create = schema["paths"]["/api/v1/projects/"]["post"]
    assert set(create["responses"]["201"]["headers"]) == {"ETag", "Location"}


def test_schema_is_served_to_many_at_once(shared_server: Server) -> None:
    statuses = at_once(8, lambda _: shared_server.api("GET", "schema/").status_code)
    assert statuses == [200] * 8


def test_documentation_needs_no_other_host(browser: Client) -> None:
    page = browser.get("/api/v1/docs/", HTTP_ACCEPT="text/html").content.decode()
    script = browser.get("/api/v1/docs/?script=", HTTP_ACCEPT="text/html,*/*").content.decode()
    assert "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js" in page
    assert "/api/v1/schema/" in script
    for text in (page, script):
        assert "https://" not in text
        assert "http://" not in text


def test_documentation_redirects_a_browser_to_the_login() -> None:
    response = Client().get("/api/v1/docs/", HTTP_ACCEPT="text/html")
    assert response.status_code == 302
    assert response["Location"] == "/admin/login/?next=/api/v1/docs/"

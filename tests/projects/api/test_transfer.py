from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from rest_framework.test import APIClient

from projects.models import Activity, Project, User
from tests.boards import board_file
from tests.projects.conftest import bearer
from tests.projects.transfer.rows import Document

pytestmark = pytest.mark.django_db
IMPORT = "/api/v1/import/"


def send(client: APIClient, content: Any, path: str = IMPORT, kind: str = "application/json") -> Any:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.generic("POST", path, data, content_type=kind)


@pytest.fixture
def document() -> Document:
    found = Document()
    found.project(key="PONE")
    return found


def stream_of(answer: Any) -> Iterator[bytes]:
    """Return the parts of a streamed answer; its type does not say that it is one."""
    found: Iterator[bytes] = answer.streaming_content
    return found


def test_export_can_be_imported(api: APIClient) -> None:
    assert send(api, board_file()).status_code == 200
    answer = api.get("/api/v1/export/")
    content = b"".join(stream_of(answer))
    assert answer.headers["Content-Type"] == "application/json"
    assert int(answer.headers["Content-Length"]) == len(content)
    again = send(api, content).json()
    assert again["work_items"]["created"] == 0
    assert again["work_items"]["skipped"] > 0


def test_import_is_attributed_to_the_actor(running: Any, document: Document) -> None:
    assert send(bearer("grace"), document).json()["projects"]["created"] == 1
    assert set(Activity.objects.values_list("actor__username", flat=True)) == {"grace"}


def test_dry_run_writes_nothing(api: APIClient, document: Document) -> None:
    answer = send(api, document, f"{IMPORT}?dry_run=true")
    assert answer.json()["projects"]["created"] == 1
    assert not (Project.objects.exists())
    assert not User.objects.exclude(username="llm").exists()  # the caller, whose session is noted
    assert send(api, document, f"{IMPORT}?dry_run=maybe").status_code == 400


def test_wrong_row_is_named(api: APIClient, document: Document) -> None:
    row = document.item(1, status="later")
    answer = send(api, document)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "status")
    assert (error["collection"], error["row"], error["id"]) == ("work_items", 0, row["id"])
    assert not Project.objects.exists()


def test_all_errors_are_listed(api: APIClient, document: Document) -> None:
    row = document.item(1, status="later", colour="green")
    document["gadgets"] = []
    error = send(api, document).json()["error"]
    assert {(each.get("row"), each.get("id"), each["field"]) for each in error["errors"]} == {
        (0, row["id"], "status"), (0, row["id"], "colour"), (None, None, "gadgets"),
    }  # fmt: skip
    first = error["errors"][0]
    assert {name: error[name] for name in ("field", "collection", "row", "id")} == {
        name: first[name] for name in ("field", "collection", "row", "id")
    }
    assert error["message"].endswith(" (and 2 more errors)")
    assert "unknown collection; allowed: projects, " in error["errors"][-1]["message"]


def test_body_may_be_larger_than_others(api: APIClient, document: Document, settings: LazySettings) -> None:
    settings.PM_MAX_BODY_BYTES = 100
    assert send(api, document).status_code == 200
    assert api.post("/api/v1/projects/", {"key": "PTWO", "title": "x" * 100}).status_code == 413


def test_only_json_is_accepted(api: APIClient, document: Document) -> None:
    assert send(api, document, kind="text/plain").status_code == 415
    assert send(api, b"no json").json()["error"]["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("path", ["/api/v1/export/", "/api/v1/backup/"])
def test_credentials_are_needed(db: None, path: str, document: Document) -> None:
    assert APIClient().get(path).status_code == 401
    assert send(APIClient(), document).status_code == 401


def test_export_of_one_project(api: APIClient, make_project: Callable[..., Project]) -> None:
    make_project("PONE"), make_project("PTWO")
    answer = api.get("/api/v1/export/", {"project": "ptwo"})
    content = json.loads(b"".join(stream_of(answer)))
    assert [row["key"] for row in content["projects"]] == ["PTWO"]
    assert api.get("/api/v1/export/", {"project": "NONE"}).json()["error"]["field"] == "project"


@pytest.mark.django_db(transaction=True)
def test_backup_is_a_whole_database(api: APIClient, make_project: Callable[..., Project], tmp_path: Path) -> None:
    make_project("PONE")
    answer = api.get("/api/v1/backup/")
    (tmp_path / "copy.db").write_bytes(b"".join(stream_of(answer)))
    answer.close()
    with sqlite3.connect(tmp_path / "copy.db") as copy:
        assert copy.execute("SELECT key FROM projects_project").fetchall() == [("PONE",)]
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    copy.close()

"""Attachments over the API: upload, limits, download, and what a browser may do with what it gets."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from projects.entities.attachment import MAX_BOARD, MAX_FILE
from projects.models import Attachment, AttachmentContent, User, WorkItem
from projects.transfer import export, importer
from tests.projects.conftest import bearer

URL = "/api/v1/attachments/"
PNG = b"\x89PNG\r\n\x1a\n"
Make = Callable[..., WorkItem]


@pytest.fixture
def item(make_item: Make) -> WorkItem:
    return make_item()


def send(api: Client, content: bytes = PNG, name: str = "shot.png", kind: str = "image/png", **more: Any) -> Any:
    query = f"?work_item=PONE-1&name={name}"
    return api.generic("POST", URL + query, content, content_type=kind, **more)


def test_body_is_the_file(api: APIClient, item: WorkItem) -> None:
    answer = send(api)
    assert answer.status_code == 201, answer.content
    found = answer.json()
    shown = {name: found[name] for name in ("work_item", "name", "media_type", "size")}
    assert shown == {"work_item": "PONE-1", "name": "shot.png", "media_type": "image/png", "size": 8}
    assert found["markdown"] == f"![shot.png](/attachments/{found['id']}/)"
    assert answer["Location"].endswith(f"{URL}{found['id']}/")
    assert api.get(f"{URL}{found['id']}/content/").content == PNG
    listed = api.get(URL, {"work_item": "PONE-1"}).json()["results"]
    assert [(row["name"], row["size"]) for row in listed] == [("shot.png", 8)]


def test_form_has_the_file_and_fields(api: APIClient, item: WorkItem) -> None:
    file = SimpleUploadedFile("../dir/a.gif", b"GIF89a", content_type="text/html")
    found = api.post(URL, {"work_item": "PONE-1", "file": file}, format="multipart").json()
    assert (found["name"], found["media_type"]) == ("a.gif", "image/gif")
    file.seek(0)
    named = api.post(URL, {"work_item": "PONE-1", "name": "b.gif", "file": file}, format="multipart").json()
    assert named["name"] == "b.gif"


@pytest.mark.parametrize(
    ("query", "body", "said"),
    [
        ("", PNG, "work_item: is required; send the file as the body"),
        ("?work_item=PONE-1", b"", "file: is empty or missing"),
        ("?work_item=PONE-9", PNG, "there is no work item PONE-9"),
        ("?work_item=PONE-1&size=1", PNG, "size: unknown query parameter"),
    ],
)
def test_wrong_upload_says_what_is_wrong(api: APIClient, item: WorkItem, query: str, body: bytes, said: str) -> None:
    answer = api.generic("POST", URL + query, body, content_type="application/octet-stream")
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=x", "image/png;;;"])
def test_malformed_form_is_refused(api: APIClient, item: WorkItem, kind: str) -> None:
    answer = send(api, b"--y\r\n\r\n--y--" if kind.startswith("multipart") else b"", kind=kind)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"


def test_too_large_file_is_refused_before_it_is_read(api: APIClient, item: WorkItem) -> None:
    class Unread(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise AssertionError("the body was read")

    environ = {"wsgi.input": Unread(), "CONTENT_LENGTH": str(MAX_FILE + 1)}
    answer = send(api, b"x", **environ)
    assert answer.status_code == 413
    assert "more than 5 MiB" in answer.json()["error"]["message"]


def test_too_large_file_of_a_form_is_refused(api: APIClient, item: WorkItem) -> None:
    file = SimpleUploadedFile("a", bytes(MAX_FILE + 1))
    answer = api.post(URL, {"work_item": "PONE-1", "file": file}, format="multipart")
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert not Attachment.objects.exists()


def test_full_board_is_refused(api: APIClient, item: WorkItem) -> None:
    AttachmentContent.objects.create(digest="0", size=MAX_BOARD, data=b"")
    answer = send(api)
    assert answer.status_code == 413
    assert "at most 200 MiB together" in answer.json()["error"]["message"]


def test_repeated_upload_is_done_once(api: APIClient, item: WorkItem) -> None:
    first, second = (send(api, HTTP_IDEMPOTENCY_KEY="k").json() for _ in range(2))
    assert first == second
    assert Attachment.objects.count() == 1
    assert send(api, b"GIF89a", HTTP_IDEMPOTENCY_KEY="k").status_code == 409


@pytest.mark.parametrize(
    ("content", "kind", "disposition"),
    [
        (PNG + b"%PDF-1.7", "image/png", 'inline; filename="a.png"'),
        (b"GIF89a=1;alert(1)//", "image/gif", 'inline; filename="a.png"'),
        (b"<svg onload='alert(1)'/>", "application/octet-stream", 'attachment; filename="a.png"'),
        (b"%PDF-1.7", "application/octet-stream", 'attachment; filename="a.png"'),
    ],
)
def test_only_pictures_are_shown(api: APIClient, item: WorkItem, content: bytes, kind: str, disposition: str) -> None:
    found = send(api, content, "a.png", "text/html").json()
    answer = api.get(f"{URL}{found['id']}/content/", headers={"accept": "image/webp"})
    assert answer.content == content
    wanted = {
        "Content-Type": kind,
        "Content-Disposition": disposition,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, max-age=31536000, immutable",
    }
    assert {name: answer[name] for name in wanted} == wanted


def test_name_is_safe_in_the_header(api: APIClient, item: WorkItem) -> None:
    name = "x%22%0D%0Aq%3A%20\u202e-שלום.png"
    found = send(api, name=name).json()
    shown = api.get(f"{URL}{found['id']}/content/")["Content-Disposition"]
    assert shown == "inline; filename*=utf-8''x_%20q_%20-%D7%A9%D7%9C%D7%95%D7%9D.png"


def test_unchanged_file_is_not_sent_again(api: APIClient, item: WorkItem, django_assert_max_num_queries: Any) -> None:
    path = f"{URL}{send(api).json()['id']}/content/"
    first = api.get(path)
    again = api.get(path, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = api.head(path)
    assert (head.content, head["Content-Length"]) == (b"", "8")
    ranged = api.get(path, headers={"range": "bytes=0-1"})
    assert (ranged.status_code, ranged.content) == (200, PNG)


def test_import_has_no_content_and_may_not_choose_the_type(api: APIClient, item: WorkItem, user: User) -> None:
    svg = Attachment.objects.create(actor=user, work_item=item, name="a.svg", content=b"<svg/>")
    stream = io.BytesIO()
    export.write(stream)
    Attachment._base_manager.all().delete()
    claimed = stream.getvalue().replace(b'"media_type":"application/octet-stream"', b'"media_type":"image/png"')
    importer.read(io.BytesIO(claimed), actor=user)
    path = f"{URL}{svg.pk}/content/"
    assert api.get(path)["Content-Type"] == "application/octet-stream"
    AttachmentContent.objects.all().delete()
    assert api.get(path).status_code == 404
    assert "is in the clone where it was added" in api.get(path).json()["error"]["message"]


def test_agent_deletes_only_what_it_added(api: APIClient, item: WorkItem) -> None:
    found = send(bearer("eve")).json()
    assert bearer("mallory").delete(f"{URL}{found['id']}/").status_code == 403
    assert bearer("eve").delete(f"{URL}{found['id']}/").status_code == 204
    assert api.get(f"{URL}{found['id']}/content/").status_code == 404
    assert bearer("eve").post(f"{URL}{found['id']}/restore/").status_code == 200


def test_log_of_the_item_names_the_file(api: APIClient, item: WorkItem) -> None:
    api.delete(f"{URL}{send(api).json()['id']}/")
    did = [row["did"] for row in api.get("/api/v1/work-items/PONE-1/log/").json()["log"]]
    assert did == ["removed a file", "attached shot.png", "created"]


def test_credentials_are_needed(running: Any, item: WorkItem) -> None:
    assert send(Client()).status_code == 401
    assert Client().get(f"{URL}{item.pk}/content/").status_code == 401


def test_session_needs_a_csrf_token(running: Any, item: WorkItem, owner: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    assert send(browser).status_code == 403

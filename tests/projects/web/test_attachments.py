"""Attachments on the item's page and in texts, without a browser."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from projects.entities.attachment import MAX_FILE
from projects.models import Activity, Attachment, AttachmentContent, Comment, User, WorkItem
from projects.models.sync import SyncBoard
from projects.web.markdown.rendering import to_html

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n"
Make = Callable[..., WorkItem]


@pytest.fixture
def picture(make_item: Make, owner: User) -> Attachment:
    return attach(make_item(), owner)


def attach(item: WorkItem, actor: User, name: str = "shot.png", content: bytes = PNG) -> Attachment:
    return Attachment.objects.create(actor=actor, work_item=item, name=name, content=content)


def page(browser: Client) -> str:
    text = browser.get("/items/PONE-1/", headers={"accept": "text/html"}).content.decode()
    return text[text.index('<section id="i-attachments"') :].partition("</section>")[0]


def test_attachment_is_served_to_people_only(browser: Client, picture: Attachment) -> None:
    shown = browser.get(picture.path)
    assert (shown.content, shown["Content-Type"]) == (PNG, "image/png")
    assert shown["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert shown["Cache-Control"] == "private, max-age=31536000, immutable"
    assert browser.get(picture.path, headers={"if-none-match": shown["ETag"]}).status_code == 304
    assert browser.head(picture.path)["Content-Length"] == "8"
    assert browser.post(picture.path).status_code == 405
    assert Client().get(picture.path, headers={"accept": "text/html"}).status_code == 302
    assert Client().get(picture.path).status_code == 401
    assert browser.get(f"/attachments/{uuid.uuid4()}/").status_code == 404


def test_page_lists_attachments_and_says_where_they_are(browser: Client, picture: Attachment, owner: User) -> None:
    eve = User.objects.actor("eve")
    attach(picture.work_item, eve, "<b>\u05d0.bin", b"other")
    shown = page(browser)
    assert f'<a href="{picture.path}"><bdi>shot.png</bdi></a>' in shown
    assert "<bdi>&lt;b&gt;" not in shown  # the model leaves out what markup needs
    assert re.search(r'8 bytes, <span class="person">', shown)
    assert '<span class="person agent">eve</span>' in shown
    assert "sync does not send them" not in shown
    AttachmentContent.objects.filter(pk=picture.digest).delete()
    assert '<bdi>shot.png</bdi> <span class="meta">8 bytes, on the clone where it was added' in page(browser)


def test_joined_board_says_that_files_do_not_travel(browser: Client, picture: Attachment) -> None:
    SyncBoard(board_id=uuid.uuid4(), remote="origin", ref="refs/pm/board", person="ann").save(force_insert=True)
    assert "Files stay on this clone: sync does not send them." in page(browser)


def test_removing_can_be_undone(browser: Client, picture: Attachment) -> None:
    removed = browser.post(f"/items/attachments/{picture.pk}/")
    assert removed["PM-Toast"] == "shot.png%20removed"
    assert browser.get(picture.path).status_code == 404
    assert "shot.png" not in page(browser)
    browser.post(removed["PM-Undo"])
    assert browser.get(picture.path).status_code == 200
    history = browser.get("/items/PONE-1/", headers={"accept": "text/html"}).content.decode()
    for change in ("attached shot.png", "removed shot.png", "restored shot.png"):
        assert change in history


def test_form_without_a_script_attaches_several_files_or_none(browser: Client, picture: Attachment) -> None:
    names = ("one.txt", "two.txt")
    files = [SimpleUploadedFile(name, name.encode()) for name in names]
    answer = browser.post("/items/PONE-1/attachments/", {"file": files})
    assert (answer.status_code, answer["Location"]) == (302, "/items/PONE-1/#i-attachments")
    assert Attachment.objects.filter(name__in=names).count() == 2
    files = [SimpleUploadedFile("good", b"good"), SimpleUploadedFile("large", bytes(MAX_FILE + 1))]
    refused = browser.post("/items/PONE-1/attachments/", {"file": files}, headers={"accept": "text/html"})
    assert (refused.status_code, b"more than 5 MiB" in refused.content) == (413, True)
    assert not Attachment.objects.filter(name="good").exists()
    assert browser.post("/items/PONE-1/attachments/").status_code == 400


def test_form_needs_a_csrf_token(owner: User, picture: Attachment) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    file = SimpleUploadedFile("a", b"a")
    assert client.post("/items/PONE-1/attachments/", {"file": file}).status_code == 403


def test_agents_link_adds_and_removes_only_as_its_person(client: Client, picture: Attachment, owner: User) -> None:
    client.force_login(owner)
    session = client.session
    session["agent"] = "claude"
    session.save()
    theirs = attach(picture.work_item, User.objects.actor("eve"), "eve.txt", b"eve")
    assert client.get(picture.path).status_code == 200
    assert client.post(f"/items/attachments/{theirs.pk}/").status_code == 403
    client.post("/items/PONE-1/attachments/", {"file": SimpleUploadedFile("a.txt", b"a")})
    last = Activity.objects.latest("id")
    assert (last.entity_type, last.via) == ("attachment", "claude")


def test_text_shows_a_picture_and_says_where_another_one_is(picture: Attachment, owner: User) -> None:
    image = f'<img src="{picture.path}" alt="a &amp; b" loading="lazy">'
    assert to_html(f"![a & b]({picture.path})", ()) == f"<p>{image}</p>\n"
    elsewhere = "/attachments/00000000-0000-4000-8000-000000000000/"
    missing = '<p><span class="missing">&lt;b&gt;x: This picture is on the clone where it was added</span></p>\n'
    assert to_html(f"![<b>x]({elsewhere})", ()) == missing
    other = attach(picture.work_item, owner, "a.svg", b"<svg onload='x'>")
    assert f'<a href="{other.path}"' in to_html(f"![a.svg]({other.path})", ())
    picture.soft_delete(actor=owner)
    assert "x: This picture was removed" in to_html(f"![x]({picture.path})", ())


@pytest.mark.parametrize("path", ["/attachments/../x/", "/attachments/1/", "/attachments/{}", "/attachments/{}/?a=1"])
def test_other_paths_are_no_attachments(picture: Attachment, path: str) -> None:
    assert "<img" not in to_html(f"![x]({path.format(picture.pk)})", ())


def test_page_makes_as_many_queries_for_many_references(browser: Client, picture: Attachment, owner: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            browser.get("/items/PONE-1/", headers={"accept": "text/html"})
        return len(found)

    def comment(count: int) -> None:
        for _ in range(count):
            other = attach(picture.work_item, owner)
            Comment(work_item=picture.work_item, content=other.markdown).insert(actor=owner)

    picture.work_item.update(actor=owner, description=picture.markdown)
    comment(1)
    browser.get("/items/PONE-1/")
    before = queries()
    comment(5)
    assert queries() == before

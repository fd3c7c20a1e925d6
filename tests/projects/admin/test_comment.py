from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from projects.models import Activity, Comment, User

pytestmark = pytest.mark.django_db
LIST = "/admin/projects/comment/"
Make = Callable[..., Any]


@pytest.fixture
def comment(make_item: Make, user: User) -> Comment:
    """A comment of ada on PONE-1."""
    return Comment.objects.create(actor=user, work_item=make_item("Talked about"), content="First")


def page(comment: Comment) -> str:
    return f"{LIST}{comment.pk}/change/"


def form(comment: Comment, **values: Any) -> dict[str, Any]:
    return {"content": comment.content, "expected_version": comment.version, **values}


def run(browser: Client, action: str, comment: Comment, **parameters: str) -> str:
    data = {"action": action, "_selected_action": [str(comment.pk)]}
    response = browser.post(LIST, data, query_params=parameters)
    return browser.get(response["Location"]).content.decode()


@pytest.fixture
def staff(db: None) -> Client:
    """A browser of eve, who may change comments but is no superuser."""
    eve = User.objects.actor("eve")
    eve.is_staff = True
    eve.save()
    eve.user_permissions.set(Permission.objects.filter(codename__endswith="_comment"))
    client = Client()
    client.force_login(eve)
    return client


def test_list_shows_searches_and_filters(browser: Client, comment: Comment, make_item: Make, user: User) -> None:
    Comment.objects.create(actor=user, work_item=make_item("Other"), content="Second " + "x" * 100)
    Comment.objects.create(actor=user, work_item=make_item(), content="Third").soft_delete(actor=user)

    def shown(**parameters: str) -> set[str]:
        content = browser.get(LIST, parameters).content.decode()
        return {name for name in ("First", "Second", "Third") if f">{name}" in content}

    assert shown() == {"First", "Second"}
    assert shown(q="first") == shown(q="pone-1") == shown(q="talked") == {"First"}
    assert shown(q="PONE-9") == set()
    assert shown(deleted="yes") == {"Third"}
    assert "x…</a>" in browser.get(LIST).content.decode()


def test_add_comment(browser: Client, make_item: Make, owner: User) -> None:
    item = make_item()
    assert (
        browser.post(f"{LIST}add/", {"work_item": str(item.pk), "kind": "comment", "content": " Hello "}).status_code
        == 302
    )
    comment = Comment.objects.get()
    assert (comment.content, comment.created_by) == ("Hello", owner)
    latest = Activity.objects.latest("id")
    assert (latest.action, latest.actor, latest.display_key) == ("created", owner, "PONE-1")
    assert Activity.objects.filter(entity_type="comment").count() == 1


@pytest.mark.parametrize(
    ("content", "message"), [(" ", "required"), ("a\x1bb", "U+001B"), ("c" * 150_001, "at most 150000")]
)
def test_invalid_comment_is_not_added(browser: Client, make_item: Make, content: str, message: str) -> None:
    response = browser.post(f"{LIST}add/", {"work_item": str(make_item().pk), "kind": "comment", "content": content})
    assert message in response.content.decode()
    assert not Comment.objects.exists()


def test_comment_on_deleted_or_archived_is_not_added(browser: Client, make_item: Make, user: User) -> None:
    item = make_item()
    data = {"work_item": str(item.pk), "kind": "comment", "content": "x"}
    item.project.archive(actor=user)
    assert "PONE is archived" in browser.post(f"{LIST}add/", data).content.decode()
    item.project.activate(actor=user)
    item.soft_delete(actor=user)
    assert "valid choice" in browser.post(f"{LIST}add/", data).content.decode()
    assert not Comment.objects.exists()


def test_superuser_edits_any_comment(browser: Client, comment: Comment, owner: User) -> None:
    assert browser.post(page(comment), form(comment, content="Mended")).status_code == 302
    comment.refresh_from_db()
    assert (comment.content, comment.version, comment.updated_by) == ("Mended", 2, owner)
    assert comment.created_by.username == "ada"


def test_others_edit_only_their_own(staff: Client, comment: Comment) -> None:
    content = staff.post(page(comment), form(comment, content="Mine")).content.decode()
    assert "only its author ada or a superuser" in content
    response = staff.post(f"{LIST}{comment.pk}/delete/", {"post": "yes"}, follow=True)
    assert "nly its author ada" in response.content.decode()
    assert "nly its author ada" in run(staff, "delete_selected", comment)
    comment.refresh_from_db()
    assert (comment.content, comment.deleted_at) == ("First", None)
    own = Comment.objects.create(actor=User.objects.actor("eve"), work_item=comment.work_item, content="Mine")
    assert staff.post(page(own), form(own, content="Better")).status_code == 302


def test_conflicting_edit_shows_what_changed(browser: Client, comment: Comment, user: User) -> None:
    opened = form(comment, content="Mine")
    comment.update(actor=user, content="Hers")
    assert "ada updated content" in browser.post(page(comment), opened).content.decode()
    assert Comment.objects.get().content == "Hers"


def test_item_is_read_only_and_text_is_escaped(browser: Client, comment: Comment, user: User) -> None:
    comment.update(actor=user, content="<script>alert(1)</script>")
    for content in (browser.get(page(comment)).content.decode(), browser.get(LIST).content.decode()):
        assert 'name="work_item"' not in content
        assert "<script>alert(1)" not in content


def test_delete_and_restore(browser: Client, comment: Comment) -> None:
    assert "1 deleted." in run(browser, "delete_selected", comment)
    assert "1 restored." in run(browser, "restore", comment, deleted="yes")
    comment.refresh_from_db()
    assert (comment.deleted_at, comment.version) == (None, 3)


@pytest.mark.parametrize("path", ["", "change", "add"])
def test_query_count_is_constant(browser: Client, comment: Comment, make_item: Make, user: User, path: str) -> None:
    counts = []
    for number in range(30):
        Comment.objects.create(actor=User.objects.actor(f"user {number}"), work_item=make_item(), content="x")
        comment.update(actor=user, content=f"C{number}")
        if number in (2, 29):
            with CaptureQueriesContext(connection) as queries:
                url = {"": LIST, "change": page(comment), "add": f"{LIST}add/"}[path]
                assert browser.get(url).status_code == 200
            counts.append(len(queries))
    assert counts[0] == counts[1] <= 8

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Activity, Comment, Project, User
from tests.projects.api.test_projects import error
from tests.projects.conftest import bearer

pytestmark = pytest.mark.django_db
URL = "/api/v1/comments/"
Make = Callable[..., Any]


@pytest.fixture
def comment(api: APIClient, make_item: Make) -> Any:
    """A comment by llm on PONE-1, as returned by the API."""
    make_item("Talked about")
    response = api.post(URL, {"work_item": "PONE-1", "content": "*First*"})
    assert response.status_code == 201, response.content
    return response.json()


@pytest.mark.parametrize("name", ["work_item", "work_item_id"])
@pytest.mark.parametrize("value", ["pone-1", "id"])
def test_create_answers_the_comment(api: APIClient, make_item: Make, name: str, value: str) -> None:
    item = make_item()
    named = str(item.pk) if value == "id" else value
    response = api.post(URL, {name: named, "content": "  a\r\nb "})
    body = response.json()
    assert (response.status_code, body["work_item"], body["work_item_id"]) == (201, "PONE-1", str(item.pk))
    assert (body["content"], body["created_by"], body["version"]) == ("a\nb", "llm", 1)
    assert api.get(f"{URL}{body['id']}/").json() == body
    latest = Activity.objects.latest("id")
    assert (latest.entity_type, latest.display_key, latest.project_id) == ("comment", "PONE-1", item.project_id)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"content": "x"}, "work_item"),
        ({"work_item": "PONE-9", "content": "x"}, "work_item"),
        ({"work_item": "PONE", "content": "x"}, "work_item"),
        ({"work_item": "PONE-1", "work_item_id": "PONE-1", "content": "x"}, "work_item"),
        ({"work_item": "PONE-1"}, "content"),
        ({"work_item": "PONE-1", "content": " \n"}, "content"),
        ({"work_item": "PONE-1", "content": "c" * 150_001}, "content"),
        ({"work_item": "PONE-1", "content": "a\x1bb"}, "content"),
        ({"work_item": "PONE-1", "content": 5}, "content"),
        ({"work_item": "PONE-1", "content": "x", "created_by": "eve"}, "created_by"),
    ],
)
def test_create_with_a_wrong_value_names_the_field(
    api: APIClient, make_item: Make, body: dict[str, Any], field: str
) -> None:
    make_item()
    error(api.post(URL, body), 400, "VALIDATION_ERROR", field)
    assert not Comment.objects.exists()


def test_list_is_slim_and_filtered(api: APIClient, comment: Any, make_item: Make, make_project: Make) -> None:
    make_item("Other")
    api.post(URL, {"work_item": "PONE-2", "content": "Second"})
    make_item("Elsewhere", project=make_project("TWO"))
    api.post(URL, {"work_item": "TWO-1", "content": "Third"})
    rows = api.get(URL).json()["results"]
    assert [row["work_item"] for row in rows] == ["PONE-1", "PONE-2", "TWO-1"]
    assert set(rows[0]) == {"id", "work_item", "kind", "content", "created_by", "created_at", "version"}
    by_item = api.get(URL, {"work_item": "pone-2", "fields": "content,work_item_id"}).json()["results"]
    assert [row["content"] for row in by_item] == ["Second"]
    assert [row["work_item"] for row in api.get(URL, {"project": "pone"}).json()["results"]] == ["PONE-1", "PONE-2"]
    newest = api.get(URL, {"project": "PONE", "ordering": "-created_at", "fields": "*"}).json()["results"]
    assert [row["content"] for row in newest] == ["Second", "*First*"]
    error(api.get(URL, {"work_item": "PONE-9"}), 400, "VALIDATION_ERROR", "work_item")
    error(api.get(URL, {"project": "NONE"}), 400, "VALIDATION_ERROR", "project")


def test_author_edits_deletes_and_restores(api: APIClient, comment: Any) -> None:
    url = f"{URL}{comment['id']}/"
    response = api.patch(url, {"content": "Second", "expected_version": 1})
    assert (response.json()["content"], response.json()["version"]) == ("Second", 2)
    error(api.patch(url, {"content": "Third", "expected_version": 1}), 409, "CONFLICT")
    error(api.patch(url, {"work_item": "PONE-1", "content": ""}), 400, "VALIDATION_ERROR", "content")
    assert api.delete(url).status_code == 204
    error(api.get(url), 404, "NOT_FOUND")
    assert [row["id"] for row in api.get(URL, {"deleted": "true"}).json()["results"]] == [comment["id"]]
    assert api.post(f"{url}restore/").json()["content"] == "Second"


def test_work_item_is_immutable(api: APIClient, comment: Any, make_item: Make) -> None:
    make_item("Other")
    error(api.patch(f"{URL}{comment['id']}/", {"work_item": "PONE-2"}), 400, "VALIDATION_ERROR", "work_item_id")


def test_comment_of_another_user_is_forbidden(api: APIClient, comment: Any) -> None:
    url = f"{URL}{comment['id']}/"
    eve = bearer("eve")
    for response in (eve.patch(url, {"content": "Mine"}), eve.delete(url)):
        assert "only its author llm" in error(response, 403, "FORBIDDEN")["message"]
    api.delete(url)
    error(eve.post(f"{url}restore/"), 403, "FORBIDDEN")
    assert Comment.objects.get().content == "*First*"


def test_superuser_edits_any_comment(comment: Any) -> None:
    User.objects.create_superuser("root", password="x")
    response = bearer("root", HTTP_X_PM_TERMINAL="yes").patch(f"{URL}{comment['id']}/", {"content": "Mended"})
    assert (response.json()["content"], response.json()["created_by"]) == ("Mended", "llm")
    assert response.json()["updated_by"] == "root"


def test_archived_project_is_read_only(api: APIClient, comment: Any, project: Project) -> None:
    project.archive(actor=project.created_by)
    error(api.post(URL, {"work_item": "PONE-1", "content": "x"}), 409, "ARCHIVED")
    error(api.patch(f"{URL}{comment['id']}/", {"content": "x"}), 409, "ARCHIVED")
    error(api.delete(f"{URL}{comment['id']}/"), 409, "ARCHIVED")


def test_comment_goes_and_comes_with_its_item(api: APIClient, comment: Any) -> None:
    item = Comment.objects.select_related("work_item__project").get().work_item
    item.soft_delete(actor=item.created_by)
    error(api.get(f"{URL}{comment['id']}/"), 404, "NOT_FOUND")
    error(api.post(URL, {"work_item": "PONE-1", "content": "x"}), 400, "VALIDATION_ERROR", "work_item")
    assert api.get(URL).json()["results"] == []
    item.restore(actor=item.created_by)
    assert api.get(f"{URL}{comment['id']}/").status_code == 200


def test_decisions_are_listed_with_author_and_confirmation(api: APIClient, make_item: Make) -> None:
    make_item()
    api.post(URL, {"work_item": "PONE-1", "content": "Said"})
    made = api.post(URL, {"work_item": "PONE-1", "content": "Use SQLite", "kind": "decision"}).json()
    assert (made["kind"], made["confirmed_by"]) == ("decision", None)
    fields = "content,kind,created_by,confirmed_by"
    rows = api.get(URL, {"kind": "decision", "project": "PONE", "fields": fields}).json()["results"]
    assert rows == [{"content": "Use SQLite", "kind": "decision", "created_by": "llm", "confirmed_by": None}]
    error(api.get(URL, {"kind": "poem"}), 400, "VALIDATION_ERROR", "kind")
    error(api.patch(f"{URL}{made['id']}/", {"kind": "comment"}), 400, "VALIDATION_ERROR", "kind")
    error(api.patch(f"{URL}{made['id']}/", {"confirmed_by": "ada"}), 400, "VALIDATION_ERROR", "confirmed_by")


def test_only_a_person_confirms(api: APIClient, make_item: Make, owner: User) -> None:
    make_item()
    made = api.post(URL, {"work_item": "PONE-1", "content": "Use SQLite", "kind": "decision"}).json()
    error(api.post(f"{URL}{made['id']}/confirm/"), 403, "FORBIDDEN")
    error(api.post(f"{URL}{made['id']}/confirm/", {"x": 1}), 400, "VALIDATION_ERROR", "x")
    person = bearer(owner.username, HTTP_X_PM_ACTOR_SOURCE="terminal")
    confirmed = person.post(f"{URL}{made['id']}/confirm/").json()
    assert (confirmed["confirmed_by"], confirmed["version"]) == (owner.username, 1)

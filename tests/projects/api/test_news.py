"""What is new to a session, and how it acknowledges that it has arrived."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from projects.models import Activity, Comment, LostChange, Session, User, WorkItem
from tests.projects.api.test_projects import error
from tests.projects.conftest import bearer

pytestmark = pytest.mark.django_db
URL = "/api/v1/news/"
Make = Callable[..., WorkItem]


def session(name: str, actor: str = "bob") -> APIClient:
    return bearer(actor, HTTP_X_PM_SESSION=f"name={name}")


def news(client: APIClient, **query: Any) -> dict[str, Any]:
    response = client.get(URL, query)
    assert response.status_code == 200, response.content
    document: dict[str, Any] = response.json()
    return document


def see(client: APIClient) -> list[dict[str, Any]]:
    """Return the news of one look, and acknowledge them."""
    found = news(client)
    assert client.post(f"{URL}seen/", {"cursor": found["cursor"]}).status_code == 204
    rows: list[dict[str, Any]] = found["news"]
    return rows


def test_session_whose_row_is_gone_gets_news(
    running: Any, make_item: Make, user: User, django_capture_on_commit_callbacks: Any
) -> None:
    bob = session("gone")
    with django_capture_on_commit_callbacks(execute=True):  # the server remembers the ID for a minute
        assert bob.get("/api/v1/whoami/").status_code == 200
    Session.objects.all().delete()
    make_item("First").update(actor=user, status="todo")
    assert "PONE-1" in [row["key"] for row in news(bob)["news"]]


def test_news_are_merged_by_item_and_user(running: Any, make_item: Make, user: User) -> None:
    bob = session("one")
    item = make_item("First")
    see(bob)
    item.update(actor=user, status="todo")
    item.update(actor=user, status="in_progress", story_points=3)
    Comment.objects.create(actor=user, work_item=item, content="one")
    Comment.objects.create(actor=user, work_item=item, content="two")
    Comment.objects.create(actor=user, work_item=item, content="Use SQLite", kind="decision")
    item.update(actor=User.objects.actor("eve"), title="Better")
    assert see(bob) == [
        {"key": "PONE-1", "title": "Better", "by": "ada"}
        | {"did": "status in_progress; points 3; 2 comments, last: two; decision: Use SQLite"},
        {"key": "PONE-1", "title": "Better", "by": "eve", "did": "title Better"},
    ]
    assert see(bob) == []


def test_own_changes_are_no_news_but_those_of_another_session_are(running: Any, make_item: Make) -> None:
    one, two = session("one"), session("two")
    make_item("First")
    see(one)
    see(two)
    two.patch("/api/v1/work-items/PONE-1/", {"status": "todo"})
    assert see(two) == []
    assert [row["did"] for row in see(one)] == ["status todo"]


def test_lost_answer_comes_again(running: Any, make_item: Make, user: User) -> None:
    bob, item = session("one"), make_item("First")
    see(bob)
    item.update(actor=user, status="todo")
    lost = news(bob)
    item.update(actor=user, title="Later")
    assert [row["did"] for row in news(bob)["news"]] == ["status todo; title Later"]
    assert bob.post(f"{URL}seen/", {"cursor": lost["cursor"]}).status_code == 204
    assert [row["did"] for row in news(bob)["news"]] == ["title Later"]


def test_session_sees_what_another_of_its_user_saw_before(running: Any, make_item: Make, user: User) -> None:
    one, two, item = session("one"), session("two"), make_item("First")
    see(one)
    see(two)
    item.update(actor=user, title="Later")
    see(two)
    assert [row["did"] for row in see(one)] == ["title Later"]
    assert news(session("three"))["seen"] is None


def test_cursor_never_moves_back_nor_beyond_the_last_change(running: Any, make_item: Make, user: User) -> None:
    bob, item = session("one"), make_item("First")
    cursor = news(bob)["cursor"]
    bob.post(f"{URL}seen/", {"cursor": 2**62})
    bob.post(f"{URL}seen/", {"cursor": cursor - 1})
    assert news(bob)["news"] == []
    item.update(actor=user, title="Later")
    assert [row["did"] for row in see(bob)] == ["title Later"]
    for wrong in ({}, {"cursor": -1}, {"cursor": "x"}):
        error(bob.post(f"{URL}seen/", wrong), 400, "VALIDATION_ERROR", "cursor")


def test_pages_are_small_and_together_have_everything(running: Any, make_item: Make) -> None:
    bob = session("one")
    see(bob)
    for number in range(60):
        make_item(f"Item number {number} with a title of some length")
    keys: list[str] = []
    while True:
        response = bob.get(URL)
        found = response.json()
        assert len(response.content) <= 1500
        keys += [row["key"] for row in found["news"]]
        assert found.get("more", 0) == 60 - len(keys)
        bob.post(f"{URL}seen/", {"cursor": found["cursor"]})
        if "more" not in found:
            break
    assert keys == [f"PONE-{number}" for number in range(1, 61)]
    error(bob.get(URL, {"max_bytes": "1"}), 400, "VALIDATION_ERROR", "max_bytes")


def test_new_session_continues_where_the_last_of_its_user_stopped(running: Any, make_item: Make, user: User) -> None:
    item = make_item("First")
    see(session("one"))
    item.update(actor=user, title="Later")
    assert [row["did"] for row in see(session("two"))] == ["title Later"]
    assert [row["did"] for row in see(session("one"))] == ["title Later"]


def test_first_look_goes_back_a_day(running: Any, make_item: Make, user: User) -> None:
    item = make_item("First")
    Activity._base_manager.update(created_at=timezone.now() - timedelta(days=2))
    item.update(actor=user, title="Later")
    assert [row["did"] for row in see(session("one"))] == ["title Later"]


def test_person_has_a_cursor_without_a_session(running: Any, make_item: Make, user: User, owner: User) -> None:
    person = bearer(owner.username, HTTP_X_PM_ACTOR_SOURCE="terminal")
    item = make_item("First")
    see(person)
    item.update(actor=owner, status="todo")
    item.update(actor=user, title="Later")
    assert [(row["by"], row["did"]) for row in see(person)] == [("ada", "title Later")]
    assert see(person) == []


def test_what_a_sync_took_back_is_reported_once(running: Any, make_item: Make, user: User) -> None:
    bob = session("one")
    item = make_item("First")
    item.update(actor=user, status="todo", priority="high")
    mine = Activity.objects.latest("pk")
    see(bob)
    item.update(actor=User.objects.actor("eve"), title="Better")
    newest = Activity.objects.latest("pk").pk
    Activity.objects.filter(pk=mine.pk).update(standing="void", reason="PONE-1 had been begun by eve")
    LostChange.objects.create(activity=mine, after=newest)
    assert see(bob) == [
        {"key": "PONE-1", "title": "Better", "by": "eve", "did": "title Better"},
        {"key": "PONE-1", "title": "Better", "by": "ada"}
        | {"did": "status todo, priority high: does not count (PONE-1 had been begun by eve)"},
    ]
    assert see(bob) == []

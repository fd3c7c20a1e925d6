from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from projects.models import Comment, Dependency, TimeEntry, User, WorkItem
from tests.projects.api.test_projects import error

pytestmark = pytest.mark.django_db
URL = "/api/v1/work-items/"
Make = Callable[..., WorkItem]
LISTS = ("ancestors", "children", "blocking", "blocked_by", "relates_to", "comments", "time_entries", "activity")


def show(api: APIClient, key: str, **query: Any) -> dict[str, Any]:
    response = api.get(f"{URL}{key}/show/", query)
    assert response.status_code == 200, response.content
    if "max_bytes" in query:
        assert len(response.content) < query["max_bytes"]
    body: dict[str, Any] = json.loads(response.content)
    return body


def surround(make_item: Make, item: WorkItem, count: int, text: str) -> None:
    """Add `count` related rows of each kind to `item`."""
    for number in range(count):
        actor = User.objects.actor(f"user {number}")
        other, blocker, related = make_item(text[:200]), make_item("Blocker"), make_item("Related")
        if item.item_type != "task":
            make_item(text[:200], parent=item)
        Dependency.objects.create(actor=actor, blocking_item=item, blocked_item=other)
        Dependency.objects.create(actor=actor, blocking_item=blocker, blocked_item=item)
        Dependency.objects.create(actor=actor, blocking_item=related, blocked_item=item, dependency_type="relates_to")
        Comment.objects.create(actor=actor, work_item=item, content=f"{number} {text}")
        ended_at = timezone.now()
        TimeEntry.objects.create(
            **{"actor": actor, "work_item": item, "user": actor, "description": text[:1000]},
            **{"started_at": ended_at - timedelta(hours=1), "ended_at": ended_at},
        )
        item.update(actor=actor, description=f"{number} {text}")


@pytest.fixture
def tree(make_item: Make) -> list[WorkItem]:
    epic = make_item("Epic", item_type="epic")
    story = make_item("Story", item_type="story", parent=epic)
    return [epic, story, make_item("Task", parent=story)]


def test_show_reports_all_around_the_item(api: APIClient, make_item: Make, tree: list[WorkItem]) -> None:
    story = tree[1]
    surround(make_item, story, 1, "text")
    body = show(api, "pone-2")
    assert {name: body[name] for name in api.get(f"{URL}PONE-2/").json()} == api.get(f"{URL}PONE-2/").json()
    assert [row["display_key"] for row in body["ancestors"]] == ["PONE-1"]
    assert [row["title"] for row in body["children"]] == ["Task", "text"]
    assert [row["title"] for row in body["blocking"]] == ["text"]
    assert [row["title"] for row in body["blocked_by"]] == ["Blocker"]
    assert [row["title"] for row in body["relates_to"]] == ["Related"]
    link = Dependency.objects.get(blocking_item=story)
    assert body["blocking"][0]["dependency_id"] == str(link.pk)
    assert [(row["content"], row["created_by"]) for row in body["comments"]] == [("0 text", "user 0")]
    assert [(row["user"], row["duration_seconds"]) for row in body["time_entries"]] == [("user 0", 3600)]
    assert [(row["actor"], row["action"]) for row in body["activity"]] == [("user 0", "updated"), ("ada", "created")]
    assert body["truncated"] == []


def test_ancestors_come_outermost_first(api: APIClient, tree: list[WorkItem]) -> None:
    assert [row["display_key"] for row in show(api, "PONE-3")["ancestors"]] == ["PONE-1", "PONE-2"]


def test_what_is_deleted_is_not_shown(api: APIClient, make_item: Make, tree: list[WorkItem], owner: User) -> None:
    story = tree[1]
    surround(make_item, story, 1, "text")
    for entity in (*Comment.objects.all(), *TimeEntry.objects.all(), WorkItem.objects.get(title="Blocker"), tree[2]):
        entity.soft_delete(actor=owner)
    Dependency.objects.get(blocking_item=story).soft_delete(actor=owner)
    body = show(api, "PONE-2")
    assert [row["title"] for row in body["children"]] == ["text"]
    assert [body[name] for name in ("blocking", "blocked_by", "comments", "time_entries")] == [[], [], [], []]


def test_activity_is_the_latest_twenty(api: APIClient, make_item: Make, user: User) -> None:
    item = make_item()
    for number in range(25):
        item.update(actor=user, title=f"T{number}")
    rows = show(api, "PONE-1")["activity"]
    assert [row["changes"][0]["new"] for row in rows] == [f"T{number}" for number in range(24, 4, -1)]


def test_show_costs_the_same_for_any_number_of_rows(api: APIClient, make_item: Make, tree: list[WorkItem]) -> None:
    counts = []
    for count in (1, 9):
        surround(make_item, tree[1], count, "text")
        with CaptureQueriesContext(connection) as queries:
            show(api, "PONE-2")
        counts.append(len(queries))
    assert counts == [9, 9]  # two queries for dependencies, one per end, and one for former keys


@pytest.mark.parametrize("letter", ["a", "é", "💥", '"', "\\", "\n", "\u2028", "<"])
def test_short_form_is_valid_and_short(api: APIClient, make_item: Make, tree: list[WorkItem], letter: str) -> None:
    surround(make_item, tree[1], 3, "x" + letter * 5000 + "x" if letter in "\n\u2028" else letter * 5000)
    for max_bytes in (1024, 1500, 4096, 20_000):
        body = show(api, "PONE-2", max_bytes=max_bytes)
        assert (body["display_key"], body["item_type"], body["status"]) == ("PONE-2", "story", "backlog")
        assert body["truncated"], max_bytes


def test_longest_texts_are_cut_first(api: APIClient, make_item: Make, user: User) -> None:
    item = make_item("Title", description="d" * 9000)
    for length in (30, 600, 9000):
        Comment.objects.create(actor=user, work_item=item, content="c" * length)
    body = show(api, "PONE-1", max_bytes=5000)
    assert [len(row["content"]) for row in body["comments"]][:2] == [30, 600]
    cut = body["comments"][2]["content"]
    assert len(cut) == len(body["description"]) > 600
    assert cut.endswith("c…")
    assert body["truncated"] == ["description", "comments.content"]
    assert (
        len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()) > 4800
    )  # truncated no more than needed


def test_then_the_oldest_rows_are_left_out(api: APIClient, make_item: Make, user: User) -> None:
    item = make_item()
    for number in range(100):
        Comment.objects.create(actor=user, work_item=item, content=f"{number} {'c' * 200}")
    body = show(api, "PONE-1", max_bytes=4096)
    kept = [int(row["content"].partition(" ")[0]) for row in body["comments"]]
    assert kept == list(range(100 - len(kept), 100))
    assert 3 < len(kept) < 30
    assert f"comments ({100 - len(kept)} left out)" in body["truncated"]


def test_what_fits_is_not_cut(api: APIClient, make_item: Make) -> None:
    make_item(description="d" * 100)
    assert show(api, "PONE-1", max_bytes=100_000) == show(api, "PONE-1")


def test_longest_names_and_labels_fit_the_shortest_form(api: APIClient, make_item: Make) -> None:
    long = "💥" * 150
    make_item(
        "💥" * 200, actor=long, assignee=User.objects.actor(long), labels=[f"{number:050}" for number in range(50)]
    )
    body = show(api, "PONE-1", max_bytes=1024)
    assert body["title"].endswith("💥…")
    assert "labels" in {text.partition(" ")[0] for text in body["truncated"]}


@pytest.mark.parametrize("max_bytes", ["1023", "0", "-1", "many", "", "²", "100000001"])
def test_wrong_max_bytes_is_refused(api: APIClient, make_item: Make, max_bytes: str) -> None:
    make_item()
    error(api.get(f"{URL}PONE-1/show/", {"max_bytes": max_bytes}), 400, "VALIDATION_ERROR", "max_bytes")

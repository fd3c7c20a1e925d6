"""An item in few bytes, its history in words, and the tree of items."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Attachment, Comment, Dependency, Sprint, User, WorkItem
from tests.projects.api.test_projects import error

pytestmark = pytest.mark.django_db
URL = "/api/v1/work-items/"
Make = Callable[..., WorkItem]


@pytest.fixture
def board(make_item: Make, user: User) -> WorkItem:
    """A story with two tasks; the first has everything that an item can have, and is returned."""
    story = make_item("Story", item_type="story")
    days = {"start_date": date(2026, 1, 5), "end_date": date(2026, 1, 16)}
    sprint = Sprint.objects.create(actor=user, project=story.project, name="Sprint 1", **days)
    item = make_item("Item", parent=story, description="What to do", labels=["ui"], sprint=sprint, story_points=0)
    other = make_item("Other", parent=story)
    Dependency.objects.create(actor=user, blocking_item=item, blocked_item=other)
    Comment.objects.create(actor=user, work_item=item, content="Use SQLite", kind="decision")
    return item


def test_brief_has_names_for_ids_and_nothing_empty(api: APIClient, board: WorkItem) -> None:
    brief = api.get(f"{URL}pone-2/brief/").json()
    (comment,) = brief.pop("comments")
    assert brief == {
        **{"key": "PONE-2", "type": "task", "title": "Item", "status": "backlog", "priority": "medium", "version": 1},
        **{"labels": ["ui"], "points": 0, "description": "What to do", "sprint": "Sprint 1"},
        **{"above": ["PONE-1 Story"], "blocking": ["PONE-3 backlog Other"]},
    }
    assert (comment["by"], comment["kind"], comment["text"]) == ("ada", "decision", "Use SQLite")
    assert api.get(f"{URL}PONE-3/brief/").json()["blocked_by"] == ["PONE-2 backlog Item"]
    assert api.get(f"{URL}PONE-1/brief/").json()["children"] == ["PONE-2 backlog Item", "PONE-3 backlog Other"]
    error(api.get(f"{URL}PONE-9/brief/"), 404, "NOT_FOUND")


def test_brief_has_the_latest_comments(api: APIClient, make_item: Make, user: User) -> None:
    item = make_item()
    for number in range(7):
        Comment.objects.create(actor=user, work_item=item, content=f"{number}")
    brief = api.get(f"{URL}PONE-1/brief/").json()
    assert [comment["text"] for comment in brief["comments"]] == ["2", "3", "4", "5", "6"]
    assert brief["earlier_comments"] == 2


def test_brief_has_names_and_sizes_of_attachments(api: APIClient, make_item: Make, user: User) -> None:
    item = make_item()
    for name, content in (("log.txt", b"x" * 2048), ("map.png", b"x")):
        attachment = Attachment.objects.create(actor=user, work_item=item, name=name, content=content)
    assert api.get(f"{URL}PONE-1/brief/").json()["attachments"] == ["log.txt, 2 KiB", "map.png, 1 byte"]
    attachment.soft_delete(actor=user)
    assert api.get(f"{URL}PONE-1/brief/").json()["attachments"] == ["log.txt, 2 KiB"]


def changes(api: APIClient, key: str, **query: Any) -> list[str]:
    return [entry["did"] for entry in api.get(f"{URL}{key}/log/", query).json()["log"]]


def test_log_describes_changes_with_names_for_ids(api: APIClient, board: WorkItem, user: User) -> None:
    board.update(actor=user, status="done", assignee_id=user.pk, description="x" * 200, sprint_id=None)
    Comment.objects.create(actor=user, work_item=board, content="a\nb " * 50)
    assert changes(api, "PONE-2") == [
        f"comment: {'a b ' * 14}a b…",
        "status backlog → done; assignee none → ada; description (200 characters); sprint Sprint 1 → none",
        "decision: Use SQLite",
        "blocks PONE-3",
        "created",
    ]
    assert changes(api, "PONE-3") == ["is blocked by PONE-2", "created"]


def test_log_is_paged(api: APIClient, make_item: Make, user: User) -> None:
    item = make_item()
    for number in range(4):
        item.update(actor=user, title=f"Title {number}")
    page = api.get(f"{URL}PONE-1/log/", {"limit": 3}).json()
    assert len(page["log"]) == 3
    rest = api.get(f"{URL}PONE-1/log/", {"limit": 3, "before": page["before"]}).json()
    assert [entry["did"] for entry in rest["log"]] == ["title Item → Title 0", "created"]
    assert "before" not in rest


def test_show_does_not_repeat_the_description(api: APIClient, make_item: Make, user: User) -> None:
    item = make_item(description="Very long text")
    item.update(actor=user, description="Another long text")
    page = api.get(f"{URL}PONE-1/show/").json()
    assert page["description"] == "Another long text"
    changes = [change for row in page["activity"] for change in row["changes"] if change["field"] == "description"]
    assert [(change["old"], change["new"]) for change in changes] == [
        ("14 characters", "17 characters"),
        (None, "14 characters"),
    ]


def test_tree_has_open_items_and_what_is_above_them(
    api: APIClient, board: WorkItem, make_item: Make, user: User
) -> None:
    make_item("Alone")
    board.update(actor=user, status="done", force=True)
    WorkItem.objects.get(item_number=1).update(actor=user, status="done", force=True)
    other = {"key": "PONE-3", "type": "task", "title": "Other", "status": "backlog"}
    assert api.get(f"{URL}tree/").json() == {
        "tree": [
            {"key": "PONE-4", "type": "task", "title": "Alone", "status": "backlog"},
            {"key": "PONE-1", "type": "story", "title": "Story", "status": "done", "children": [other]},
        ]
    }
    below = api.get(f"{URL}tree/", {"item": "pone-1"}).json()["tree"]
    assert [child["key"] for child in below[0]["children"]] == ["PONE-2", "PONE-3"]
    error(api.get(f"{URL}tree/", {"item": "PONE-9"}), 400, "VALIDATION_ERROR", "item")


def test_tree_marks_blocked_items(api: APIClient, board: WorkItem) -> None:
    (story,) = api.get(f"{URL}tree/", {"project": "PONE"}).json()["tree"]
    assert [child.get("blocked") for child in story["children"]] == [None, True]

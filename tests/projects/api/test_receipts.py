"""Writes that answer receipts: edits of several items, notes, and items given back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.api.json_format import render
from projects.models import Comment, Dependency, Project, User, WorkItem
from tests.projects.api.test_projects import error
from tests.projects.conftest import bearer

pytestmark = pytest.mark.django_db
URL = "/api/v1/work-items/"
Make = Callable[..., WorkItem]


def edit(api: APIClient, *items: str, **changes: Any) -> list[dict[str, Any]]:
    response = api.post(f"{URL}edit/", {"items": items, "changes": changes}, format="json")
    assert response.status_code == 200, response.content
    receipts: list[dict[str, Any]] = response.json()["receipts"]
    return receipts


def block(blocking: WorkItem, *blocked: WorkItem) -> None:
    for item in blocked:
        actor = User.objects.actor("ada")
        Dependency.objects.create(actor=actor, blocking_item=blocking, blocked_item=item)


def test_receipt_says_what_a_closed_item_unblocked_and_what_its_parent_waits_for(
    api: APIClient, make_item: Make
) -> None:
    story = make_item("Story", item_type="story")
    first, second = (make_item(title, parent=story) for title in ("First", "Second"))
    free, held = make_item("Free", priority="high"), make_item("Held")
    block(first, second, free, held)
    block(second, held)
    assert edit(api, "pone-2", status="done") == [
        {"key": "PONE-2", "status": "done", "version": 2, "unblocked": ["PONE-4", "PONE-3"], "parent": "PONE-1"}
        | {"parent_open": 1}
    ]
    assert edit(api, "PONE-2", close_reason="again") == [
        {"key": "PONE-2", "status": "done", "version": 3, "parent": "PONE-1", "parent_open": 1}
    ]
    assert edit(api, "PONE-3", status="done")[0]["parent_open"] == 0
    assert edit(api, "PONE-4", title="New") == [{"key": "PONE-4", "status": "backlog", "version": 2}]


def test_receipt_has_at_most_160_bytes(api: APIClient, make_project: Callable[..., Project]) -> None:
    project = make_project("ABCDEFGHIJ")
    story = WorkItem.objects.create(actor=project.created_by, project=project, item_type="story", title="S")
    items = [
        WorkItem.objects.create(actor=project.created_by, project=project, item_type="task", title="T", parent=story)
        for _ in range(9)
    ]
    block(items[0], *items[1:])
    (receipt,) = edit(api, items[0].display_key, status="done")
    assert len(render(receipt)) <= 160
    assert len(receipt["unblocked"]) + receipt["unblocked_more"] == 8
    assert receipt["unblocked"]


def test_edit_closes_children_and_blockers_first(api: APIClient, make_item: Make) -> None:
    story = make_item("Story", item_type="story")
    first, second = (make_item(title, parent=story) for title in ("First", "Second"))
    block(second, first)
    keys = ["PONE-1", "PONE-2", "PONE-3"]
    assert [receipt["key"] for receipt in edit(api, *keys, status="done")] == keys


def test_edit_is_all_or_nothing(api: APIClient, make_item: Make) -> None:
    make_item("Story", item_type="story")
    make_item("Child", parent=WorkItem.objects.get())
    make_item("Other")
    body = {"items": ["PONE-3", "PONE-1"], "changes": {"status": "done"}}
    refusal = error(api.post(f"{URL}edit/", body, format="json"), 409, "HAS_CHILDREN")
    assert refusal["items"] == ["PONE-2"]
    assert not WorkItem.objects.filter(status="done").exists()
    for wrong, field in (
        ({"items": ["PONE-3"], "changes": {"colour": "red"}}, "colour"),
        ({"items": [], "changes": {}}, "items"),
        ({"items": ["PONE-3"]}, "changes"),
    ):
        error(api.post(f"{URL}edit/", wrong, format="json"), 400, "VALIDATION_ERROR", field)
    missing = {"items": ["PONE-3", "PONE-9"], "changes": {"title": "x"}}
    error(api.post(f"{URL}edit/", missing, format="json"), 404, "NOT_FOUND")
    wrong = {"items": ["PONE-3", "PONE-1"], "changes": {"parent": "PONE-1"}}
    assert error(api.post(f"{URL}edit/", wrong, format="json"), 400, "VALIDATION_ERROR", "parent_id")["row"] == 1
    stale = {"items": ["PONE-3"], "changes": {"title": "x", "expected_version": 7}}
    assert error(api.post(f"{URL}edit/", stale, format="json"), 409, "CONFLICT")["current_version"] == 1
    assert WorkItem.objects.get(title="Other").version == 1


def test_closing_again_keeps_the_reason(api: APIClient, make_item: Make) -> None:
    first, second = make_item("First"), make_item("Second")
    edit(api, "PONE-1", status="done", close_reason="Tested")
    body = {
        "items": ["PONE-1", "PONE-2"],
        "changes": {"status": "done", "close_reason": "Again"},
        "keep_closed": True,
    }
    receipts = api.post(f"{URL}edit/", body, format="json").json()["receipts"]
    assert [receipt["version"] for receipt in receipts] == [2, 2]
    assert [WorkItem.objects.get(pk=one.pk).close_reason for one in (first, second)] == ["Tested", "Again"]
    edit(api, "PONE-1", close_reason="Tested twice")
    assert WorkItem.objects.get(pk=first.pk).close_reason == "Tested twice"


def test_note_answers_key_and_comment(api: APIClient, make_item: Make) -> None:
    make_item()
    response = api.post(f"{URL}pone-1/note/", {"content": "Use SQLite", "kind": "decision"})
    comment = Comment.objects.get()
    assert response.status_code == 201
    assert response.json() == {"key": "PONE-1", "comment": str(comment.pk)}
    assert len(response.content) <= 80
    assert (comment.kind, comment.content, comment.is_unconfirmed) == ("decision", "Use SQLite", True)
    error(api.post(f"{URL}PONE-1/note/", {"content": " "}), 400, "VALIDATION_ERROR", "content")
    error(api.post(f"{URL}PONE-1/note/", {"content": "x", "kind": "poem"}), 400, "VALIDATION_ERROR", "kind")


def test_back_releases_and_leaves_a_handover(api: APIClient, make_item: Make) -> None:
    make_item()
    claimed = api.post(f"{URL}PONE-1/claim/").json()
    error(bearer("eve").post(f"{URL}PONE-1/back/", {"note": "x"}), 409, "CLAIMED")
    assert not Comment.objects.exists()
    response = api.post(f"{URL}PONE-1/back/", {"note": "Half done", "force": True})
    assert response.json() == {"key": "PONE-1", "status": "backlog", "version": claimed["work_item"]["version"] + 1}
    assert [(comment.kind, comment.content) for comment in Comment.objects.all()] == [("handover", "Half done")]

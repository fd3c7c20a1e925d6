"""`pm work-item ready`, `claim`, `renew`, `release`: agents that share a board."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

from tests.projects.client.conftest import Board


def test_ready_leads_to_the_most_urgent_that_is_free(board: Board) -> None:
    board.project("READY")
    low = board.item("READY", "low", "--priority", "low")
    blocker = board.item("READY", "blocker")
    blocked = board.item("READY", "blocked", "--priority", "critical")
    plain = board.item("READY", "plain")
    board("dependency", "create", "--blocking", blocker, "--blocked", blocked)
    assert board.keys("ready", "READY") == [blocker, plain, low]
    assert board.keys("ready", "--project", "READY", "--limit", "1") == [blocker]
    board("work-item", "update", blocker, "--status", "done")
    assert board.keys("ready", "READY", "--limit", "1") == [blocked]


def test_claim_is_renewed_and_released_by_its_lease_only(board: Board) -> None:
    board.project("CLAIM")
    item = board.item("CLAIM")
    claimed = board("work-item", "claim", item.lower(), "--lease", "5", "--as", "Ann").document
    assert (claimed["work_item"]["status"], claimed["work_item"]["assignee"]) == ("in_progress", "Ann")
    second = board("work-item", "claim", item, "--as", "Ann")
    assert (second.code, second.error["code"], "Ann" in second.error["message"]) == (1, "CLAIMED", True)
    lease = claimed["lease_id"]
    renewed = board("work-item", "renew", item, "--lease-id", lease, "--lease", "90").document
    assert renewed["work_item"]["lease_expires_at"] > claimed["work_item"]["lease_expires_at"]
    stranger = str(uuid.uuid4())
    for verb in ("renew", "release"):
        assert board("work-item", verb, item, "--lease-id", stranger).error["code"] == "CLAIMED"
    freed = board("work-item", "release", item, "--lease-id", lease).document["work_item"]
    assert (freed["status"], freed["assignee"]) == ("backlog", None)
    assert board("work-item", "release", item, "--force").error["code"] == "CONFLICT"
    board("work-item", "claim", item)
    assert board("work-item", "release", item, "--force").document["work_item"]["claimed_by"] is None


def test_begin_claims_and_shows_in_one_call(board: Board) -> None:
    board.project("BEGIN")
    epic = board.item("BEGIN", "Epic", kind="epic")
    item = board.item("BEGIN", "T", "--parent", epic, "--description", "d" * 200)
    begun = board("begin", "--project", "BEGIN", "--as", "beginner")
    shown = begun.document
    assert (shown["key"], shown["status"], shown["above"]) == (item, "in_progress", [f"{epic} Epic"])
    assert len(begun.out) <= 900
    again = board("begin", item, "--as", "beginner").document
    full = board("begin", item, "--full", "--as", "beginner").document["work_item"]
    assert (full["display_key"], full["activity"][0]["actor"]) == (item, "beginner")
    assert again["version"] == shown["version"]
    assert board("begin", item, "--as", "other").error["code"] == "CLAIMED"
    assert board("begin", epic, "--as", "other").error["code"] == "NOT_READY"
    (own,) = [row for row in board("who").document["sessions"] if row["actor"] == "beginner"]
    assert [held["key"] for held in own["items"]] == [item]
    assert board("whoami", "--as", "beginner").document["whoami"]["session"]["id"] == own["id"]


def test_ready_explains_an_item(board: Board) -> None:
    board.project("WHY")
    epic = board.item("WHY", "Epic", kind="epic")
    task = board.item("WHY", "T", "--parent", epic)
    assert board("ready", "WHY").document == {
        "work_items": [
            {"key": task, "type": "task", "title": "T", "status": "backlog", "priority": "medium"}
            | {"parent": epic, "version": 1}
        ]
    }
    assert board("ready", "WHY", "--lines").out == f"{task} backlog T\n"
    assert [row["display_key"] for row in board("ready", "WHY", "--full").document["work_items"]] == [task]
    assert board("ready", "--explain", epic.lower()).document == {
        **{"key": epic, "ready": False},
        **{"reasons": [f"open children: {task}"]},
    }


def test_claim_next_returns_different_items_until_none_is_ready(board: Board) -> None:
    board.project("NEXT")
    items = {board.item("NEXT") for _ in range(6)}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: board("work-item", "claim", "--next", "NEXT"), range(6)))
    assert {answer.document["work_item"]["display_key"] for answer in answers} == items
    nothing = board("work-item", "claim", "NEXT", "--next")
    assert (nothing.code, nothing.error["code"]) == (1, "NOTHING_READY")
    assert board("work-item", "claim", "--next", "--project", "NEXT").error["code"] == "NOTHING_READY"


def test_lease_that_can_not_be_is_refused(board: Board) -> None:
    board.project("LEASE")
    item = board.item("LEASE")
    for lease in ("0", "-1", "99999999"):
        assert board("work-item", "claim", item, "--lease", lease).error["field"] == "lease"
    assert board("work-item", "claim", item, "--lease", "soon").code == 2

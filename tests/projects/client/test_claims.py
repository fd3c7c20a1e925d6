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
    assert (freed["status"], freed["assignee"]) == ("todo", None)
    assert board("work-item", "release", item, "--force").error["code"] == "CONFLICT"
    board("work-item", "claim", item)
    assert board("work-item", "release", item, "--force").document["work_item"]["claimed_by"] is None


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

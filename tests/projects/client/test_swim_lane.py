"""`pm swim-lane` against a real server."""

from __future__ import annotations

from tests.projects.client.conftest import Board


def statuses(board: Board, project: str) -> list[str]:
    return [row["status_value"] for row in board("swim-lane", "list", project).document["swim_lanes"]]


def test_lane_lives_through_every_verb(board: Board) -> None:
    board.project("LANLIFE")
    assert statuses(board, "LANLIFE") == ["backlog", "todo", "in_progress", "review", "done"]
    lane = board(
        *("swim-lane", "create", "--project", "LANLIFE", "--name", "Stuck", "--status", "blocked", "--wip-limit", "3")
    ).document["swim_lane"]
    assert (lane["name"], lane["status_value"], lane["wip_limit"]) == ("Stuck", "blocked", 3)
    name = lane["id"]
    assert board("swim-lane", "get", name).document == {"swim_lane": lane}
    changed = board("swim-lane", "update", name, "--name", "Waits", "--clear", "wip_limit").document["swim_lane"]
    assert (changed["name"], changed["wip_limit"]) == ("Waits", None)
    assert board("swim-lane", "delete", name, "--expected-version", "1").error["code"] == "CONFLICT"
    assert board("swim-lane", "delete", name).document == {"deleted_id": name}
    assert "blocked" not in statuses(board, "LANLIFE")
    assert len(board("swim-lane", "list", "LANLIFE", "--deleted").document["swim_lanes"]) == 1
    assert board("swim-lane", "restore", name).document["swim_lane"]["id"] == name


def test_lanes_are_put_in_order_by_status_or_id(board: Board) -> None:
    board.project("ORDER")
    ids = {row["status_value"]: row["id"] for row in board("swim-lane", "list", "ORDER").document["swim_lanes"]}
    order = ["done", ids["review"], "in_progress", "TODO", "backlog"]
    rows = board("swim-lane", "reorder", "ORDER", "--order", ",".join(order)).document["swim_lanes"]
    wanted = ["done", "review", "in_progress", "todo", "backlog"]
    assert [row["status_value"] for row in rows] == wanted
    assert statuses(board, "ORDER") == wanted


def test_wrong_lanes_are_refused(board: Board) -> None:
    board.project("LANWRONG")
    assert board("swim-lane", "reorder", "LANWRONG", "--order", "done,odd").error["field"] == "order"
    assert board("swim-lane", "reorder", "LANWRONG", "--order", "done").error["code"] == "VALIDATION_ERROR"
    assert board("swim-lane", "reorder", "LANWRONG").code == 2
    create = ("swim-lane", "create", "--project", "LANWRONG", "--name", "X", "--status")
    assert board(*create, "done").error["code"] == "CONFLICT"
    assert board(*create, "odd").code == 2
    assert board(*create, "blocked", "--wip-limit", "0").error["field"] == "wip_limit"

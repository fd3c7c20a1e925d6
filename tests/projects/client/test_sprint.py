"""`pm sprint` against a real server."""

from __future__ import annotations

from typing import Any

from tests.projects.client.conftest import Board


def made(board: Board, project: str, name: str = "S") -> dict[str, Any]:
    sprint: dict[str, Any] = board(
        *("sprint", "create", "--project", project, "--name", name, "--start-date", "2026-01-01"),
        *("--end-date", "2026-01-15", "--goal", "win"),
    ).document["sprint"]
    return sprint


def test_sprint_lives_through_every_verb(board: Board) -> None:
    board.project("SPRLIFE")
    sprint = made(board, "SPRLIFE")
    assert (sprint["status"], sprint["goal"]) == ("planned", "win")
    name = sprint["id"]
    assert board("sprint", "get", name).document == {"sprint": sprint}
    changed = board("sprint", "update", name, "--name", "S2", "--clear", "goal", "--expected-version", "1")
    assert (changed.document["sprint"]["name"], changed.document["sprint"]["goal"]) == ("S2", "")
    assert board("sprint", "update", name, "--name", "S3", "--version", "1").error["code"] == "CONFLICT"
    assert board("sprint", "delete", name).document == {"deleted_id": name}
    assert board("sprint", "list", "SPRLIFE").document == {"sprints": [], "next": None}
    assert [row["id"] for row in board("sprint", "list", "SPRLIFE", "--deleted").document["sprints"]] == [name]
    assert board("sprint", "restore", name).document["sprint"]["id"] == name
    assert board("sprint", "start", name).document["sprint"]["status"] == "active"
    rows = board("sprint", "list", "--project", "SPRLIFE", "--status", "active").document["sprints"]
    assert [row["name"] for row in rows] == ["S2"]
    assert board("sprint", "cancel", name).document["sprint"]["status"] == "cancelled"


def test_complete_moves_unfinished_items_and_lists_them(board: Board) -> None:
    board.project("LEFT")
    first, second = made(board, "LEFT", "A"), made(board, "LEFT", "B")
    done = board.item("LEFT", "done", "--sprint", first["id"], "--points", "2")
    left = board.item("LEFT", "left", "--sprint-id", first["id"], "--points", "3")
    board("sprint", "start", first["id"])
    assert board("sprint", "start", second["id"]).error["code"] == "CONFLICT"
    board("work-item", "update", done, "--status", "done")
    ended = board("sprint", "complete", first["id"], "--move-to", second["id"]).document
    assert (ended["sprint"]["status"], ended["moved"]) == ("completed", [left])
    assert board.keys("list", "--sprint", second["id"]) == [left]
    report = board("sprint", "report", first["id"]).document["report"]
    assert (report["committed"]["points"], report["done"]["points"], report["carried_over"]["points"]) == (5, 2, 3)
    assert report["burndown"]
    for verb in (("update", "--name", "X"), ("delete",), ("start",)):
        assert board("sprint", verb[0], first["id"], *verb[1:]).error["code"] == "CONFLICT"


def test_cancelled_sprint_is_reopened_with_its_items(board: Board) -> None:
    board.project("REOPEN")
    sprint = made(board, "REOPEN")["id"]
    item = board.item("REOPEN", "open", "--sprint", sprint)
    assert board("sprint", "cancel", sprint).document["moved"] == [item]
    assert board.keys("list", "--sprint", sprint) == []
    reopened = board("sprint", "reopen", sprint).document
    assert (reopened["sprint"]["status"], reopened["moved"]) == ("planned", [item])
    assert board.keys("list", "--sprint", sprint) == [item]
    assert board("sprint", "reopen", sprint).error["code"] == "CONFLICT"


def test_wrong_sprints_are_refused(board: Board) -> None:
    board.project("SPRWRONG")
    dates = ("--start-date", "2026-01-15", "--end-date", "2026-01-01")
    assert board("sprint", "create", "--project", "SPRWRONG", "--name", "S", *dates).error["field"] == "end_date"
    dates = ("--start-date", "soon", "--end-date", "2026-01-01")
    assert board("sprint", "create", "--project", "SPRWRONG", "--name", "S", *dates).error["field"] == "start_date"
    assert board("sprint", "create", "--project", "SPRWRONG", "--name", "S").code == 2
    assert board("sprint", "get", "nothing").error["code"] == "NOT_FOUND"
    assert board("sprint", "update", made(board, "SPRWRONG")["id"]).error["code"] == "USAGE"
    sprint = made(board, "SPRWRONG", "T")["id"]
    assert board("sprint", "complete", sprint).error["code"] == "CONFLICT"
    epic = board.item("SPRWRONG", kind="epic")
    assert board("work-item", "update", epic, "--sprint", sprint).error["field"] == "sprint_id"

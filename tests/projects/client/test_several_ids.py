"""Commands that take one ID take several: one after the other, a document a line."""

from __future__ import annotations

import json

from tests.projects.client.conftest import Board


def test_each_id_is_done_in_turn(board: Board) -> None:
    board.project("SEVERAL")
    keys = [board.item("SEVERAL", title) for title in ("A", "B", "C")]
    result = board("work-item", "update", keys[0], "--priority", "low", keys[1])
    rows = [json.loads(line)["work_item"] for line in result.out.splitlines()]
    assert [(row["display_key"], row["priority"]) for row in rows] == [(keys[0], "low"), (keys[1], "low")]
    assert board("work-item", "get", keys[2]).document["work_item"]["priority"] == "medium"


def test_first_failure_ends_it_and_is_named(board: Board) -> None:
    board.project("STOP")
    keys = [board.item("STOP", title) for title in ("A", "B")]
    result = board("work-item", "delete", keys[0], "STOP-77", keys[1])
    assert (result.code, len(result.out.splitlines())) == (1, 1)
    error = json.loads(result.err.splitlines()[-1])["error"]
    assert (error["code"], error["id"]) == ("NOT_FOUND", "STOP-77")
    assert board.keys("list", "STOP") == [keys[1]]
    assert "id" not in board("work-item", "get", "STOP-77").error

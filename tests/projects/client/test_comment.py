"""`pm comment` against a real server."""

from __future__ import annotations

from pathlib import Path

from tests.projects.client.conftest import Board, call
from tests.projects.client.terminals import on_terminal


def test_comment_lives_through_every_verb(board: Board, tmp_path: Path) -> None:
    board.project("COMLIFE")
    item = board.item("COMLIFE")
    comment = board("comment", "create", "--work-item", item, "--content", "- one", "--as", "Ann").document["comment"]
    assert (comment["work_item"], comment["content"], comment["created_by"]) == (item, "- one", "Ann")
    name = comment["id"]
    assert board("comment", "get", name).document == {"comment": comment}
    (tmp_path / "c.md").write_text("two")
    changed = board("comment", "update", name, "--content-file", str(tmp_path / "c.md"), "--as", "Ann")
    assert changed.document["comment"]["content"] == "two"
    assert board("comment", "delete", name, "--as", "Ann").document == {"deleted_id": name}
    assert board("comment", "list", "--work-item", item).document == {"comments": [], "next": None}
    deleted = board("comment", "list", "--work-item", item, "--deleted").document["comments"]
    assert [row["id"] for row in deleted] == [name]
    board("comment", "restore", name, "--as", "Ann")
    rows = board("comment", "list", "--work-item-id", item.lower(), "--full").document["comments"]
    assert [row["content"] for row in rows] == ["two"]


def test_comment_comes_from_standard_input(board: Board) -> None:
    board.project("COMSTDIN")
    item = board.item("COMSTDIN")
    result = call(board.repository, "comment", "create", "--work-item", item, "--content-file", "-", stdin="pipe €")
    assert result.document["comment"]["content"] == "pipe €"


def test_wrong_comments_are_refused(board: Board) -> None:
    board.project("COMWRONG")
    item = board.item("COMWRONG")
    name = board("comment", "create", "--work-item", item, "--content", "x", "--as", "Ann").document["comment"]["id"]
    assert board("comment", "update", name, "--content", "y", "--as", "Bob").error["code"] == "FORBIDDEN"
    assert board("comment", "update", name, "--as", "Ann").error["code"] == "USAGE"
    assert board("comment", "create", "--work-item", item).error["field"] == "content"
    assert board("comment", "create", "--work-item", item, "--content", "").error["field"] == "content"
    assert board("comment", "create", "--content", "x").code == 2
    missing = board("comment", "create", "--work-item", "COMWRONG-99", "--content", "x").error
    assert (missing["code"], missing["field"]) == ("VALIDATION_ERROR", "work_item_id")
    assert board("comment", "get", item).error["code"] == "NOT_FOUND"


def test_person_at_a_terminal_confirms_a_decision(board: Board) -> None:
    board.project("CONFIRM")
    board("note", board.item("CONFIRM"), "Use SQLite", "--decision", "--as", "bot")
    (decision,) = board("comment", "list", "--work-item", "CONFIRM-1", "--kind", "decision").document["comments"]
    command = ("comment", "confirm", decision["id"])
    on_a_terminal = {"is_input": True, "is_error": True, "LOGNAME": "casey"}
    for typed, program in (("n\n", {}), ("y\n", {"CLAUDECODE": "1"})):
        result, shown = on_terminal(board.repository, *command, typed=typed, **on_a_terminal, **program)
        assert (result.code, '"FORBIDDEN"' in shown) == (1, True)
    result, shown = on_terminal(board.repository, *command, typed="y\n", **on_a_terminal)
    assert "decision by bot: Use SQLite" in shown
    assert result.document["comment"]["confirmed_by"] == "casey"

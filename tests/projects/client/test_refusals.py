"""Refusals: before a person is asked, with the flag that is meant, and with the command that helps."""

from __future__ import annotations

import pytest

from projects.client.errors import NoServer, UsageError
from tests.projects.client.conftest import Board, Pm


def test_what_can_not_be_is_refused_before_a_person_is_asked(board: Board) -> None:
    item = board.item(board.project("REFUSE"))
    for words, code, message in (
        (("accept", item), "CONFLICT", f"{item} is backlog, not in review"),
        (("send-back", item, "-m", "No"), "CONFLICT", f"{item} is backlog, not in review"),
        (("project", "update", "NOPE", "--review", "required"), "NOT_FOUND", "there is no project NOPE"),
        (("check", "create", "unit", "true", "--project", "NOPE"), "NOT_FOUND", "there is no project NOPE"),
        (("check", "delete", "nope"), "NOT_FOUND", "there is no check nope"),
    ):
        error = board(*words).error
        assert (error["code"], error["message"]) == (code, message)


def test_refused_value_is_named_by_its_flag(board: Board) -> None:
    item = board.item(board.project("NAMED"))
    for words, message, field in (
        (("update", item, "--points", "101"), "--points: must be at most 100", "story_points"),
        (("update", item, "--title", "x" * 201), "--title: must have at most 200 characters", "title"),
        (
            ("ask", item, "Go?", "--default", "yes", "--after", "1m"),
            "--after: must be 10 minutes to 366 days from now",
            "default_at",
        ),
        (("ask", item, "x" * 301), "text: must have at most 300 characters", "text"),
    ):
        error = board(*words).error
        assert (error["message"], error["field"]) == (message, field)


def test_command_that_helps_is_to_be_tried(board: Board, pm: Pm) -> None:
    item = board.item(board.project("TRIES"))
    question = board("ask", item, "Go?").document["question"]
    assert board("answer", question, "yes", CLAUDECODE="1").error["try"] == f"pm wait {question}"
    assert pm("list").error["try"] == "pm server start"
    assert board("done", "TRIES-9").error == {
        "code": "NOT_FOUND",
        "message": "there is no work item TRIES-9",
        "try": "pm list",
    }
    assert board("show", "parser bug").error["try"] == "pm search 'parser bug'"
    board.project("TRIED")
    assert board("show", "1").error["try"].startswith("pm show ")


@pytest.mark.parametrize(
    ("message", "command"),
    [
        ("no server is running for /r/.pm; start one with: pm server start", "pm server start"),
        ("unknown flag --x; see: pm list -h", None),
        ("what pm is: a tracker", None),
        ("on a terminal, run: pm project update ONE …", None),
    ],
)
def test_message_that_ends_with_a_command_suggests_it(message: str, command: str | None) -> None:
    for error in (NoServer(message), UsageError(message, **{"try": "pm ready"})):
        error.suggest_named()
        assert error.error.get("try") == (command if isinstance(error, NoServer) else "pm ready")

"""`pm ask`, `pm wait` and `pm answer`: agents ask, people answer."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from projects.client import completion
from tests.conftest import add_board, make_repository
from tests.processes import DEADLINE, Server, environment, poll
from tests.projects.client.conftest import PM, Board
from tests.projects.client.terminals import on_terminal

PERSON = {"X-PM-Actor": "casey", "X-PM-Actor-Source": "terminal"}
MAX_BYTES = 160


def send_answer(server: Server, key: str, answer: str) -> None:
    response = server.api("POST", f"questions/{key}/answer/", json={"answer": answer}, headers=PERSON)
    assert response.status_code == 200, response.text


def sessions(board: Board) -> Any:
    return board.server.api("GET", "sessions/").json()["sessions"]


def outcome(board: Board, key: str) -> Any:
    return board.server.api("GET", f"questions/{key}/outcome/").json()


def test_answers_of_ask_and_wait_are_small(board: Board) -> None:
    board.project("SMALL")
    item = board.item("SMALL")
    flags = ("--choice", "Yes", "--choice", "No", "--default", "no", "--after", "2h", "--details", "Why")
    asked = board("ask", item, "x" * 300, *flags)
    assert asked.document.keys() == {"question", "status", "default_at"}
    assert asked.document["question"] == f"{item}.q1"
    assert len(asked.out.encode()) <= MAX_BYTES
    send_answer(board.server, f"{item}.q1", "no")
    waited = board("wait", f"{item}.q1")
    assert waited.document == {"question": f"{item}.q1", "answer": "No", "by": "casey"}
    assert board("wait", item).document == waited.document
    full = board("ask", item, "Again?", "--full").document["question"]
    assert (full["display_key"], full["text"], full["status"]) == (f"{item}.q2", "Again?", "open")


def test_wait_without_an_answer_says_how_to_go_on(board: Board) -> None:
    board.project("LATE")
    item = board.item("LATE")
    late = board("ask", item, "Now?", "--wait", "1s")
    assert (late.code, late.error["code"]) == (4, "NOT_ANSWERED")
    assert late.error["question"] == f"{item}.q1"
    assert late.error["try"] == f"pm wait {item}.q1 --for 10m"
    board("done", item)
    closed = board("wait", f"{item}.q1", "--for", "1h")
    assert (closed.code, "which closed it" in closed.error["message"]) == (4, True)
    other = board.item("LATE")
    none = board("wait", other)
    assert (none.code, f"pm ask {other} TEXT" in none.error["message"]) == (2, True)


@pytest.mark.parametrize(
    ("flags", "field"),
    [
        (("--default", "no"), "default"),
        (("--default", "no", "--after", "9m"), "default_at"),
        (("--wait", "soon"), None),
        (("--details", "a", "--details-file", "-"), "details"),
        (tuple(f"--choice={number}" for number in range(7)), "choices"),
    ],
)
def test_wrong_question_is_refused_before_anything_is_stored(
    board: Board, flags: tuple[str, ...], field: str | None
) -> None:
    item = board.item("WRONG") if '"WRONG"' in board("project", "list").out else board.item(board.project("WRONG"))
    wrong = board("ask", item, "Now?", *flags)
    assert wrong.code in (1, 2)
    assert wrong.error.get("field", field) == field or field is None
    assert board("question", "list", "--work-item", item).document["questions"] == []


def test_answer_reaches_commands_that_wait(board: Board) -> None:
    board.project("WAIT")
    item = board.item("WAIT")
    with ThreadPoolExecutor() as pool:
        asking = pool.submit(board, "ask", item, "First?", "--wait", "1m")
        poll(lambda: outcome(board, f"{item}.q1").get("status") == "open", DEADLINE, "the question")
        board("ask", item, "Second?")
        waiting = pool.submit(board, "wait", item)
        for number in (1, 2):
            send_answer(board.server, f"{item}.q{number}", f"Answer {number}")
        assert asking.result().document["answer"] == "Answer 1"
        answers = [json.loads(line) for line in waiting.result().out.splitlines()]
        # The first may have been answered before the command began to wait.
        assert [one["answer"] for one in answers] in (["Answer 1", "Answer 2"], ["Answer 2"])


def test_person_answers_at_a_terminal(board: Board) -> None:
    board.project("TTY")
    item = board.item("TTY")
    for text in ("First?", "Second?", "Third?"):
        board("ask", item, text, "--choice", "Yes", "--choice", "No")
    where = {"is_input": True, "is_error": True, "LOGNAME": "casey"}
    result, shown = on_terminal(board.repository, "answer", f"{item}.q1", typed="2\n", **where)
    assert result.document == {"question": f"{item}.q1", "answer": "No"}
    assert "First?\n  1 Yes\n  2 No\nAnswer: " in shown
    result, _ = on_terminal(board.repository, "answer", f"{item}.q2", "yes", typed="y\n", **where)
    assert result.document["answer"] == "Yes"
    result, _ = on_terminal(board.repository, "answer", f"{item}.q3", "--choice", "1", typed="n\n", **where)
    assert result.code == 1
    assert outcome(board, f"{item}.q3")["status"] == "open"
    assert outcome(board, f"{item}.q1")["by"] == "casey"


def test_agent_does_not_answer(board: Board) -> None:
    board.project("AGENT")
    item = board.item("AGENT")
    board("ask", item, "Now?")
    key = f"{item}.q1"
    send_answer(board.server, board("ask", item, "Other?").document["question"], "yes")  # makes casey a person
    refused = board("answer", key, "yes", CLAUDECODE="1")
    assert (refused.error["code"], "claude runs this command" in refused.error["message"]) == ("FORBIDDEN", True)
    for headers in ({}, {"X-PM-Actor": "casey"}, {"X-PM-Actor": "casey", "X-PM-Actor-Source": "mcp"}):
        response = board.server.api("POST", f"questions/{key}/answer/", json={"answer": "yes"}, headers=headers)
        assert response.status_code == 403, response.text
    for method, path, body in (
        ("PATCH", f"questions/{key}/", {"status": "answered"}),
        ("POST", "questions/", {"work_item": item, "text": "x", "status": "answered", "answer": "yes"}),
    ):
        assert board.server.api(method, path, json=body).status_code in (400, 405)
    assert outcome(board, key)["status"] == "open"


def test_prime_reports_the_answers_to_own_questions(board: Board) -> None:
    board.project("PRIME")
    item = board.item("PRIME")
    for number in (1, 2):
        board("ask", item, f"Question {number}?", "--as", "asker")
    send_answer(board.server, f"{item}.q1", "Yes")
    output = board("prime", "--as", "asker").out
    assert f"answers to your questions:\n  {item}.q1 Question 1?: Yes (casey)\n" in output
    assert "Question 2?" not in output
    assert "answers to your" not in board("prime", "--as", "another").out
    board("done", item, "--force")
    assert "answers to your" not in board("prime", "--as", "asker").out


def test_server_takes_a_default_when_its_time_is_over(board: Board) -> None:
    board.project("DEFAULT")
    item = board.item("DEFAULT")
    board("ask", item, "Now?", "--default", "no", "--after", "10m")
    with closing(sqlite3.connect(board.repository / ".pm" / "data.db")) as database, database:
        database.execute("UPDATE projects_question SET default_at = created_at WHERE text = 'Now?'")
    waited = board("wait", item, "--for", "30s").document
    assert waited == {"question": f"{item}.q1", "answer": "no", "default": "default taken, nobody answered"}


def test_questions_are_completed(board: Board) -> None:
    board.project("TAB")
    item = board.item("TAB")
    board("ask", item, "Now?")
    board("ask", board.item("TAB"), "Withdrawn?")
    board("question", "withdraw", "TAB-2.q1")
    words = environment(PM_CONFIG_DIR=str(board.repository / ".pm"))
    assert completion.answer(["answer", "tab-"], words) == "tab-1.q1\tNow?\n"
    assert "TAB-1\t" in completion.answer(["wait", "TAB-"], words)


def test_kills_and_restarts_during_a_wait_do_no_harm(tmp_path: Path, new_board: Path) -> None:
    """Only processes can be killed: 2 s for two servers."""
    repository = make_repository(tmp_path / "repository")
    add_board(repository, new_board)
    server = Server(repository).ready()
    board = Board(repository, server)
    item = board.item(board.project("KILL"))
    board("ask", item, "Now?")
    names = {"first", "second"}
    waits = [
        subprocess.Popen(
            [*PM, "wait", f"{item}.q1"],
            cwd=repository,
            env=environment(PM_SESSION=name),
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in sorted(names)
    ]
    try:
        poll(lambda: names <= {one["name"] for one in sessions(board)}, DEADLINE, "both commands")
        waits[0].kill()
        assert outcome(board, f"{item}.q1")["status"] == "open"
        server.end(signal.SIGKILL)
        server = Server(repository).ready()
        send_answer(server, f"{item}.q1", "yes")
        out, _ = waits[1].communicate(timeout=2 * DEADLINE)
        assert json.loads(out)["answer"] == "yes"
    finally:
        for wait in waits:
            wait.kill()
            wait.communicate()
        server.end()

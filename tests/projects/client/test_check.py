"""`pm check`, criteria and evidence against a real server, in a real repository."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.processes import environment, poll
from tests.projects.client.conftest import PM, Board, Result
from tests.projects.client.terminals import on_terminal

PERSON = {"is_input": True, "is_error": True, "LOGNAME": "casey"}


def as_person(board: Board, *arguments: str) -> Result:
    result, shown = on_terminal(board.repository, *arguments, typed="y\n", **PERSON)
    assert result.code == 0, shown
    return result


def define(board: Board, project: str, command: str, *more: str) -> None:
    as_person(board, "check", "create", "unit", command, "--project", project, *more)


@pytest.fixture
def repository(board: Board, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository of the board, as working directory: checks run where the caller is."""
    monkeypatch.chdir(board.repository)
    return board.repository


def test_check_is_run_and_done_counts_it_for_the_same_content(board: Board, repository: Path) -> None:
    board.project("CHECKED")
    item = board("create", "First", "--project", "CHECKED", "--accept", "It ends").document["key"]
    define(board, "CHECKED", "test -f CHECKED.txt && echo fine")
    as_person(board, "project", "update", "CHECKED", "--checks", "required", "--acceptance", "required")
    assert board("show", item).document["criteria"] == ["[ ] It ends"]
    refused = board("done", item)
    assert (refused.code, refused.error["code"]) == (1, "EVIDENCE_MISSING")
    failed = board("check", item)
    assert (failed.code, failed.error["code"]) == (1, "CHECK_FAILED")
    assert failed.error["results"][0] | {"seconds": 0} == {
        **{"check": "unit", "outcome": "failed", "seconds": 0, "exit_code": 1}
    }
    (repository / "CHECKED.txt").write_text("1")
    passed = board("check", item, "UNIT")
    assert passed.document | {"seconds": 0} == {"check": "unit", "outcome": "passed", "seconds": 0}
    assert "fine\n" in passed.err
    assert board("update", item, "--tick", "1").code == 0
    (repository / "CHECKED.txt").write_text("2")
    stale = board("done", item)
    assert "check unit passed on other content" in stale.error["message"]
    (repository / "CHECKED.txt").write_text("1")
    assert board("done", item).document["status"] == "done"


def test_file_that_changes_during_the_run_is_named_and_no_pass(board: Board, repository: Path) -> None:
    board.project("CHANGING")
    item = board("create", "First", "--project", "CHANGING").document["key"]
    define(board, "CHANGING", "echo $$ > CHANGING.txt")
    failed = board("check", item)
    assert failed.error["results"][0]["changed"] == ["CHANGING.txt"]
    assert failed.error["results"][0]["outcome"] == "changed"


def test_only_a_person_at_a_terminal_defines_a_check_and_sees_the_exact_command(board: Board) -> None:
    board.project("DEFINED")
    command = ("check", "create", "unit", "echo \u202e$HOME", "--project", "DEFINED")
    for typed, program in (("n\n", {}), ("y\n", {"CLAUDECODE": "1"})):
        result, shown = on_terminal(board.repository, *command, typed=typed, **PERSON, **program)
        assert (result.code, '"FORBIDDEN"' in shown) == (1, True)
        assert "echo \\u202e$HOME" in shown
    assert board(*command).error["code"] == "FORBIDDEN"
    assert board("check", "list", "DEFINED").document["checks"] == []


def test_killed_command_leaves_no_result(board: Board, repository: Path) -> None:
    board.project("STOPPED")
    item = board("create", "First", "--project", "STOPPED").document["key"]
    define(board, "STOPPED", "touch .git/started; exec sleep 2")
    process = subprocess.Popen(
        [*PM, "check", item], cwd=repository, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    poll(lambda: (repository / ".git" / "started").exists(), what="the command of the check")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert board("check-run", "list", "--work-item", item).document["check_runs"] == []
    assert board("show", item).document["checks"] == ["unit was not run"]

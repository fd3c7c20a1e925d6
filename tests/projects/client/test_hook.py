"""`pm hook`: it shows an agent where it stands, ends its session, and never gets in the way."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from projects.client import hook_events
from projects.client.hook_events import EVENTS, LIMIT, MAX_OUTPUT
from projects.client.setup.programs import SETUPS
from tests.processes import CHECKOUT, DEADLINE, environment, scaled
from tests.projects.client.conftest import Board, Impostor, Pm, Result, call

# `pm` as on an idle machine: on a busy one the limit would end the hook before it says what these tests read.
PATIENT = [
    sys.executable,
    "-c",
    f"import sys; sys.path.insert(0, {str(CHECKOUT)!r})\n"
    f"from projects.client import hook_events; hook_events.LIMIT = {DEADLINE}\n"
    "from pmsite.__main__ import main; main()",
    "pm",
    "hook",
]


def hook(board: Board, program: str, event: str, **event_data: Any) -> Result:
    return patiently(board, program, event, json.dumps(event_data))


def patiently(board: Board, program: str, event: str, stdin: str) -> Result:
    done = subprocess.run(
        [*PATIENT, program, event],
        cwd=board.repository,
        env=environment(),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=4 * DEADLINE,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def context_of(result: Result) -> str:
    """Return the text for the agent in an answer of any program's form."""
    assert (result.code, result.err) == (0, "")
    answer = json.loads(result.out)
    answer = answer.get("hookSpecificOutput", answer)
    return str(answer.get("additionalContext") or answer.get("additional_context"))


def sessions(board: Board, name: str) -> list[Any]:
    return [row for row in board("who").document["sessions"] if row.get("program_session") == name]


@pytest.mark.parametrize("program", EVENTS)
def test_start_of_a_session_is_prime_and_its_end_ends_it(board: Board, program: str) -> None:
    start, end = EVENTS[program]
    assert SETUPS[program].hooks == (start, end)
    key = "sessionId" if program == "copilot" else "session_id"
    shown = context_of(hook(board, program, start, **{key: f"{program}-1", "hook_event_name": start}))
    assert "pm begin" in shown
    assert f"you: {program} (agent)" in shown
    assert [row["program"] for row in sessions(board, f"{program}-1")] == [program]
    ended = hook(board, program, end, **{key: f"{program}-1", "reason": "exit"})
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert sessions(board, f"{program}-1") == []


def test_answer_is_small_however_large_the_board(empty_board: Board) -> None:
    for number in range(5):
        key = empty_board.project(f"P{number}")
        for _ in range(5):
            empty_board.item(key, '"\\\u202e€' * 45, "--status", "blocked")
    result = hook(empty_board, "claude", "SessionStart", session_id="x")
    assert len(result.out.encode()) <= MAX_OUTPUT
    shown = context_of(result)
    assert shown.splitlines()[-1] == "--- end of the board ---"
    assert "\u202e" not in shown


@pytest.mark.parametrize(
    ("program", "event", "event_data"),
    [
        ("claude", "PreToolUse", {}),
        ("opencode", "session.idle", {}),
        ("claude", "SessionStart", {"cursor_version": "3.0", "session_id": "c"}),  # Cursor runs them, too
    ],
)
def test_other_events_are_silent(board: Board, program: str, event: str, event_data: dict[str, Any]) -> None:
    result = hook(board, program, event, **event_data)
    assert (result.code, result.out, result.err) == (0, "", "")


@pytest.mark.parametrize("stdin", ["", "{", "[]", '{"session_id": 5}'])
def test_odd_input_counts_as_none(board: Board, stdin: str) -> None:
    result = patiently(board, "gemini", "SessionStart", stdin)
    assert "you: gemini (agent)" in context_of(result)


def test_it_is_silent_without_a_board(pm: Pm, tmp_path: Path) -> None:
    for event in ("SessionStart", "SessionEnd"):
        result = pm("hook", "claude", event, stdin="{}")
        assert (result.code, result.out, result.err) == (0, "", "")
    assert list((tmp_path / "repository").iterdir()) == [tmp_path / "repository" / ".git"]


def test_server_that_hangs_is_not_waited_for(
    repository: Path, publish: Callable[..., None], impostor: Callable[..., Impostor]
) -> None:
    publish(impostor(None).port)
    (repository / ".pm" / "data.db").touch()
    began = time.monotonic()
    result = call(repository, "hook", "claude", "SessionStart", stdin="{}")
    assert (result.code, result.out, result.err) == (0, "", "")
    assert time.monotonic() - began < LIMIT + scaled(3)


def test_input_that_stays_open_is_not_waited_for(board: Board) -> None:
    with subprocess.Popen(
        [*PATIENT, "codex", "SessionStart"],
        cwd=board.repository,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b'{"session_id": "open"}')
        process.stdin.flush()
        assert b"additionalContext" in process.stdout.read()
        assert process.wait() == 0


def test_limits_are_those_that_are_promised() -> None:
    assert LIMIT < 2
    assert MAX_OUTPUT <= 2048
    assert hook_events.PATIENCE < LIMIT

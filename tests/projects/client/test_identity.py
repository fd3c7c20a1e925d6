"""Who a command acts as: flags, variables, agent programs and terminals."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from projects.client.agent_programs import PROGRAMS, Program, detect
from projects.client.identity import SIGNS
from tests.processes import CHECKOUT, DEADLINE, environment

SHOW = (
    "from projects.client.identity import Identity; import os; i = Identity(None, os.environ); print(i.source, i.actor)"
)


def identify(*, streams: tuple[int | None, int | None] = (None, None), **env: str) -> str:
    """Return the source and the actor of a process whose standard input and error are `streams`, else pipes."""
    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=CHECKOUT,
        env=environment(LOGNAME="ann", PYTHONPATH=str(CHECKOUT), **env),
        stdin=subprocess.DEVNULL if streams[0] is None else streams[0],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if streams[1] is None else streams[1],
        text=True,
        timeout=DEADLINE,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize("program", PROGRAMS, ids=[program.name for program in PROGRAMS])
def test_each_program_is_recognised_and_has_a_source(program: Program) -> None:
    assert detect({program.variable: "1"}) == program
    assert program.source.startswith("https://")


def test_signs_are_the_variables_of_the_programs() -> None:
    assert tuple(program.variable for program in PROGRAMS) == SIGNS


def test_variable_of_an_editor_says_nothing() -> None:
    assert detect({"CURSOR_TRACE_ID": "x", "TERM_PROGRAM": "vscode", "CLAUDECODE": ""}) is None


def test_two_terminals_of_three_streams_are_a_person() -> None:
    controller, terminal = pty.openpty()
    try:
        assert identify() == "default None"
        assert identify(streams=(terminal, terminal)) == "terminal ann"
        assert identify(streams=(terminal, None)) == "default None"
        assert identify(streams=(terminal, terminal), CLAUDECODE="1") == "program claude"
        assert identify(streams=(terminal, terminal), PM_ACTOR="bot") == "env bot"
    finally:
        os.close(controller)
        os.close(terminal)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("nearest", ["codex", "gemini"])
def test_nearest_process_decides_in_a_nested_run(tmp_path: Path, nearest: str) -> None:
    # A shell under the program's name, which runs the command as its child.
    shell = tmp_path / nearest
    shutil.copy(os.path.realpath("/bin/sh"), shell)
    done = subprocess.run(
        [shell, "-c", f'"{sys.executable}" -c "{SHOW}"; true'],
        cwd=CHECKOUT,
        env=environment(CODEX_THREAD_ID="t", GEMINI_CLI="1", CLAUDECODE="1"),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=True,
    )
    assert done.stdout.strip() == f"program {nearest}"

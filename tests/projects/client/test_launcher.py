"""A failed start leaves no process and no files, and reports the reason."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from discovery import lock
from projects.client import logfile
from tests import sandboxes
from tests.processes import DEADLINE, environment
from tests.projects.client.conftest import PM, Pm, Result

pytestmark = pytest.mark.slow


def start(repository: Path, preexec: Callable[[], None], *flags: str) -> Result:
    done = subprocess.run(
        [*PM, "server", "start", *flags],
        cwd=repository,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * DEADLINE,
        preexec_fn=preexec,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def left_by(repository: Path) -> Any:
    published = [path.name for path in (repository / ".pm").glob("server.[jt]*")]
    return lock.probe(str(repository / ".pm/server.lock")) == lock.HELD, published


@pytest.mark.parametrize(
    ("limit", "said"),
    [(1, "can't be started"), (2, "the first worker could not start"), (3, "can't start new thread")],
)
def test_start_without_processes_or_threads_says_why_and_leaves_nothing(
    repository: Path, limit: int, said: str
) -> None:
    result = start(repository, sandboxes.with_processes(limit))
    assert (result.code, result.error["code"]) == (1, "START_FAILED")
    assert said in result.error["message"]
    assert "the limit of processes is reached (ulimit -u" in result.error["message"]
    assert left_by(repository) == (False, [])


def test_server_that_starts_and_does_not_answer_is_ended(repository: Path) -> None:
    result = start(repository, sandboxes.refusing("accept4"), "--timeout", "15")
    assert (result.code, result.error["code"]) == (1, "START_FAILED")
    assert "did not respond and was stopped" in result.error["message"]
    assert left_by(repository) == (False, [])


def test_output_of_others_before_the_ready_line_is_passed_over(pm: Pm, repository: Path, tmp_path: Path) -> None:
    (tmp_path / "noise").mkdir()
    (tmp_path / "noise/sitecustomize.py").write_text("print('{', 'hello', flush=True)\nprint('[1]\\n')\n")
    result = pm("server", "start", PYTHONPATH=str(tmp_path / "noise"))
    assert result.code == 0, result.err
    assert json.loads(result.out.splitlines()[-1])["server"]["root"] == str(repository)


def test_lines_of_another_start_are_no_reason_for_a_failure(tmp_path: Path) -> None:
    log = tmp_path / logfile.NAME
    log.write_text("error: no space left\n2026-11-29 17:34:19 start\n")
    assert logfile.failure_since(str(tmp_path), 0) == "no space left"
    log.write_text("2026-11-29 17:34:19 start\n2026-11-29 17:34:19,995 INFO discovery: serving http://127.0.0.1:1\n")
    assert logfile.failure_since(str(tmp_path), 0) == ""

"""git has limits of time and output, and leaves no process behind."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from projects.sync.exceptions import GitError, TimedOut
from projects.sync.git_process import Process, run
from tests.processes import environment, poll


@pytest.fixture
def git(tmp_path: Path) -> dict[str, str]:
    """Return an environment whose `git` is a shell that runs its arguments after the first."""
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nshift\neval "$@"\n')
    program.chmod(0o755)
    return environment(PATH=f"{program.parent}:{os.environ['PATH']}")


@pytest.fixture(autouse=True)
def path_of_git(git: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", git["PATH"])


def test_output_errors_and_status_are_returned(git: dict[str, str]) -> None:
    assert run(["x", "printf out; printf err >&2; exit 3"], git) == (3, b"out", b"err")


def test_input_larger_than_a_pipe_is_written_while_output_is_read(git: dict[str, str]) -> None:
    data = [b"x" * 100_000, b"", b"y" * 300_000]
    assert run(["x", "cat"], git, data=(part for part in data if part)) == (0, b"".join(data), b"")


def test_process_that_does_not_read_its_input_is_no_error(git: dict[str, str]) -> None:
    assert run(["x", "exec <&-; printf done"], git, data=[b"x" * 1_000_000])[:2] == (0, b"done")


def test_process_and_its_children_end_at_the_limit(git: dict[str, str], tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(TimedOut, match=r"git x did not finish within 0\.2 seconds"):
        run(["x", f"sleep 600 & echo $! > {tmp_path}/child; wait"], git, limit=0.2)
    assert time.monotonic() - start < 20
    child = int((tmp_path / "child").read_text())
    poll(lambda: is_gone(child), what="the end of the child")


def test_process_that_ignores_sigterm_is_killed(git: dict[str, str]) -> None:
    with pytest.raises(TimedOut):
        run(["x", "trap '' TERM; while :; do sleep 0.01; done"], git, limit=0.2)


def test_child_that_keeps_the_pipes_is_killed_and_not_waited_for(git: dict[str, str], tmp_path: Path) -> None:
    code, output, _ = run(["x", f"sleep 600 >&- & echo $! > {tmp_path}/child; printf done"], git)
    assert (code, output) == (0, b"done")
    child = int((tmp_path / "child").read_text())
    poll(lambda: is_gone(child), what="the end of the child")


def test_too_much_output_is_an_error(git: dict[str, str]) -> None:
    with pytest.raises(GitError, match="printed more than 1 KiB"):
        run(["x", "yes"], git, max_output=1024)


def test_too_many_errors_are_cut(git: dict[str, str]) -> None:
    code, _, errors = run(["x", "yes | head -c 500000 >&2"], git, max_output=1024)
    assert (code, len(errors)) == (0, 1024)


def test_process_has_no_terminal_and_an_empty_input(git: dict[str, str]) -> None:
    assert run(["x", "cat; true < /dev/tty || printf none"], git)[1] == b"none"


def test_missing_git_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match=r"git can't be run: No such file or directory"):
        run(["x"], {"PATH": str(tmp_path)})


def test_descriptors_are_closed(git: dict[str, str]) -> None:
    before = len(os.listdir("/proc/self/fd"))
    run(["x", "true"], git)
    with Process(["x", "cat"], git):
        pass
    with pytest.raises(TimedOut):
        run(["x", "sleep 600"], git, limit=0.05)
    assert len(os.listdir("/proc/self/fd")) == before


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True

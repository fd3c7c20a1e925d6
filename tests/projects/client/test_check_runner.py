"""The command of a check: its process group, its time and its output."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from projects.client.check_runner import KEPT, run
from tests.processes import CHECKOUT, environment, poll

STUBBORN = "trap '' TERM; echo $$ > pid; while :; do sleep 1; done"


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"


def test_output_is_passed_on_and_its_end_is_kept(tmp_path: Path) -> None:
    written: list[bytes] = []
    ended = run("seq 2000; echo end >&2; read line; pwd; exit 3", str(tmp_path), 60, os.environ, written.append)
    whole = b"".join(written)
    assert whole.startswith(b"1\n2\n")
    assert whole.endswith(f"end\n{tmp_path}\n".encode())
    assert (ended.exit_code, ended.output) == (3, whole[-KEPT:])


def test_signal_is_reported_as_a_shell_does(tmp_path: Path) -> None:
    assert run("kill -9 $$", str(tmp_path), 60, os.environ, print).exit_code == 137


def test_timeout_ends_grandchildren_that_ignore_sigterm(tmp_path: Path) -> None:
    began = time.monotonic()
    ended = run(f'sh -c "{STUBBORN.replace("$", chr(92) + "$")}" & wait', str(tmp_path), 0.5, os.environ, print)
    assert ended.exit_code is None
    assert time.monotonic() - began < 30
    pid = int((tmp_path / "pid").read_text())
    poll(lambda: not is_alive(pid), what="the end of the grandchild")


def test_what_a_command_leaves_behind_does_not_go_on(tmp_path: Path) -> None:
    ended = run("(sleep 60; touch late) & echo $! > pid", str(tmp_path), 60, os.environ, print)
    assert ended.exit_code == 0
    pid = int((tmp_path / "pid").read_text())
    poll(lambda: not is_alive(pid), what="the end of the rest")


def test_killed_runner_takes_its_command_along(tmp_path: Path) -> None:
    code = "import os, sys; from projects.client.check_runner import run; run(sys.argv[1], '.', 60, os.environ, print)"
    command = "sleep 60 & echo $! > other; echo $$ > pid; wait"
    runner = subprocess.Popen(
        [sys.executable, "-c", code, command], cwd=tmp_path, env=environment(PYTHONPATH=str(CHECKOUT))
    )
    try:
        poll(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), what="the command")
    finally:
        runner.kill()
        runner.wait()
    pids = [int((tmp_path / name).read_text()) for name in ("pid", "other")]
    poll(lambda: not any(map(is_alive, pids)), what="the end of the command")

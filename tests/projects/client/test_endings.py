"""The exit of a call that is interrupted, has its output closed, or crashes."""

from __future__ import annotations

import io
import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from projects.client import cli
from tests.processes import DEADLINE, environment, poll
from tests.projects.client.conftest import PM, Impostor, answer

Make = Callable[..., Impostor]
Publish = Callable[..., None]
EMPTY = answer("200 OK", {"results": [], "next": None, "previous": None})


def test_interrupt_is_exit_130(publish: Publish, impostor: Make, repository: Path) -> None:
    server = impostor(None)
    publish(server.port)
    with subprocess.Popen(
        [*PM, "project", "list"], cwd=repository, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        poll(lambda: server.received)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, out) == (130, b"")
    assert json.loads(err)["error"]["code"] == "INTERRUPTED"


def test_closed_pipe_is_quiet(publish: Publish, impostor: Make, repository: Path) -> None:
    publish(impostor(answer("200 OK", {"results": ["x" * 1000] * 1000, "next": None})).port)
    line = f"{' '.join(PM)} project list | head -c 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], cwd=repository, env=environment(), capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"{", b"")


def test_closed_outputs_are_quiet(publish: Publish, impostor: Make, repository: Path) -> None:
    publish(impostor(EMPTY).port)
    for line in (f"{' '.join(PM)} project list >&-", f"{' '.join(PM)} project list 2>&-"):
        done = subprocess.run(["bash", "-c", line], cwd=repository, env=environment(), check=False)
        assert done.returncode == 0


def test_fault_of_our_own_is_still_an_error_document() -> None:
    closed, stderr = io.StringIO(), io.StringIO()
    closed.close()
    assert cli.run(["--version"], closed, stderr) == 1
    lines = stderr.getvalue().splitlines()
    assert lines[0].startswith("Traceback")
    assert json.loads(lines[-1])["error"]["code"] == "INTERNAL_ERROR"

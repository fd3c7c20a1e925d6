"""Commands as a user gives them, and what they answer."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.processes import DEADLINE, MANAGE, Server, environment

PLANTED = "k" * 60


def pm(directory: Path, *arguments: str, **env: str | None) -> subprocess.CompletedProcess[str]:
    """Run `python manage.py pm …` in `directory`."""
    return subprocess.run(
        [*MANAGE, "pm", *arguments],
        cwd=directory,
        env=environment(**env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * DEADLINE,
        check=False,
    )


def answer(directory: Path, *arguments: str, **env: str | None) -> Any:
    """Return the document that a successful call prints."""
    call = pm(directory, *arguments, **env)
    assert call.returncode == 0, call.stderr
    return json.loads(call.stdout)


def error(directory: Path, *arguments: str, status: int = 1, **env: str | None) -> dict[str, Any]:
    """Return the error of a call that must fail with `status`, saying nothing on stdout."""
    call = pm(directory, *arguments, **env)
    assert (call.returncode, call.stdout) == (status, ""), call
    return dict(json.loads(call.stderr.splitlines()[-1])["error"])


def git(directory: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=directory, env=environment(), check=True, capture_output=True)


def refusal(server: Server) -> str:
    """Return the one line with which a start was refused; nothing was published."""
    code, err = server.end()
    assert code == 1, err
    assert "Traceback" not in err
    assert not server.port_file.exists() or server.port_file.read_text() == PLANTED
    assert server.process.stdout is not None
    return err.strip().splitlines()[-1]

"""Run git in the repository of the working directory."""

from __future__ import annotations

import os
import subprocess

from projects.client.errors import FileRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE = 30  # seconds


class GitFailed(FileRefused):
    """git failed; the message is git's own."""


def ask(*arguments: str, environ: Mapping[str, str]) -> str:
    """Return git's output without the final newline. Raises GitFailed."""
    try:
        done = subprocess.run(
            ["git", "-c", "core.fsmonitor=false", *arguments],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GitFailed(f"can't run git: {getattr(error, 'strerror', None) or 'it timed out'}") from None
    if done.returncode:
        words = os.fsdecode(done.stderr).strip().splitlines() or [f"exit status {done.returncode}"]
        raise GitFailed(f"git {arguments[0]}: {words[-1]}")
    if b"\0" in done.stdout:
        raise GitFailed(f"git {arguments[0]} printed what git does not print; which program is it: command -v git")
    return os.fsdecode(done.stdout).removesuffix("\n")


def without_git(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without the GIT_* variables, with which git names the repository of a hook."""
    return {name: value for name, value in environ.items() if not name.startswith("GIT_")}

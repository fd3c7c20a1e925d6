from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from projects.commits.git_history import Repository

IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada"), ("EMAIL", "a@x.org"))
}


class Work:
    """A repository with a worktree."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.repository = Repository(str(path / ".git"))

    def git(self, *arguments: str, data: str | None = None, **env: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env={**os.environ, **IDENTITY, **env},
            input=data,
            text=True,
            check=True,
            capture_output=True,
        )
        return done.stdout.strip()

    def commit(self, message: str, **files: str) -> str:
        """Commit files (`a_txt="…"` is a.txt) and return the commit's ID. Capitals are environment variables."""
        env = {name: files.pop(name) for name in [*files] if name.isupper()}
        for name, text in files.items():
            (self.path / name.replace("_", ".")).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-F", "-", data=message, **env)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def make_work(tmp_path: Path) -> Callable[..., Work]:
    def make(name: str = "work", *options: str) -> Work:
        (tmp_path / name).mkdir()
        work = Work(tmp_path / name)
        work.git("init", "-q", "-b", "main", *options)
        return work

    return make


@pytest.fixture
def work(make_work: Callable[..., Work]) -> Work:
    return make_work()

from __future__ import annotations

import subprocess
from pathlib import Path

from projects.client.commit_reports import _head
from tests.conftest import make_repository
from tests.processes import environment

IDENTITY = ("-c", "user.name=Ada", "-c", "user.email=a@b.c")


def git(place: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *IDENTITY, *arguments], cwd=place, env=environment(), check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_last_commit_is_read_from_files(tmp_path: Path) -> None:
    place = make_repository(tmp_path / "repository")
    assert _head(str(place)) is None
    git(place, "commit", "-q", "--allow-empty", "-m", "PONE-1 One")
    first = git(place, "rev-parse", "HEAD")
    assert _head(str(place)) == first
    git(place, "pack-refs", "--all")
    assert _head(str(place)) == first
    git(place, "worktree", "add", "-q", "-b", "feature/x", str(tmp_path / "linked"))
    git(tmp_path / "linked", "commit", "-q", "--allow-empty", "-m", "PONE-2 Two")
    assert _head(str(tmp_path / "linked")) == git(tmp_path / "linked", "rev-parse", "HEAD") != first
    git(place, "checkout", "-q", "--detach")
    assert _head(str(place)) == first

"""Real git repositories for the tests of sync."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from projects.sync import git_tree
from projects.sync.git_remote import Remote, Repository
from projects.sync.git_store import GitStore
from tests.processes import environment

REF = "refs/pm/board"
BOARD = "12345678-1234-4234-8234-123456789012"
FOUNDED = {
    "format": git_tree.format_file(),
    "board.json": git_tree.board_file(BOARD),
    git_tree.segment_path(0): b'{"op": 0}\n',
}


def git(*arguments: str | Path, cwd: Path | None = None, data: bytes | None = None, **env: str) -> str:
    """Run git as its user does, and return what it prints."""
    identity = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Ann Author"), ("EMAIL", "ann@example.org"))
    }
    done = subprocess.run(
        ["git", *map(str, arguments)], cwd=cwd, input=data, capture_output=True, env=environment(**identity, **env)
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


class Clone:
    """A repository of a user with a store beside it."""

    def __init__(self, path: Path, remote: str = "origin", **env: str) -> None:
        self.path = path
        self.env = environment(**env)
        self._remote = remote
        (path / ".pm").mkdir(exist_ok=True)
        self.store = GitStore(str(path / ".pm" / "board.git"), self.env)

    @property
    def remote(self) -> Remote:
        return Repository(str(self.path), self.env).remote(self._remote)

    def fetch(self, ref: str = REF) -> str | None:
        return self.store.fetch(self.remote, ref)

    def push(self, head: str, ref: str = REF) -> None:
        self.store.push(self.remote, head, ref)

    def publish(self, head: str | None, files: Mapping[str, bytes] = FOUNDED, ref: str = REF) -> str:
        """Commit, push and return the new head."""
        if not self.store.exists():
            self.fetch(ref)
        head = self.store.commit(head, files)
        self.push(head, ref)
        return head

    def append(self, head: str, content: bytes = b"{}\n") -> str:
        """Publish one more segment."""
        number = len(self.store.contents(head).segments)
        return self.publish(head, {git_tree.segment_path(number): content})

    def texts(self, head: str) -> list[bytes]:
        return list(self.store.blobs([one for _, one in self.store.contents(head).segments]))


def bare(path: Path, *options: str) -> Path:
    git("init", "-q", "--bare", *options, path)
    return path


def clone(source: Path | str, path: Path, *options: str, **env: str) -> Clone:
    git("clone", "-q", *options, source, path)
    return Clone(path, **env)


def hook(repository: Path, name: str, script: str) -> None:
    path = repository / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def snapshot(path: Path) -> dict[str, bytes]:
    """Return every file below `path`."""
    return {
        os.path.join(folder, name): Path(folder, name).read_bytes()
        for folder, _, names in os.walk(path)
        for name in names
    }

"""The user's work in a repository that shares a board: branches, rebases, reverts, squash merges, worktrees."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

from tests.processes import environment
from tests.projects.sync.repositories import git

WORKTREES = 5
OWN = ".pm/.gitignore"  # which every clone may commit


class UserRepository:
    """A clone with up to five worktrees; each works on files of its own, so only the board could conflict."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.number = 0
        self.worktrees = [path]
        self.conflicts: list[str] = []

    def place(self) -> Path:
        """Return one of the worktrees, each in turn."""
        self.number += 1
        return self.worktrees[self.number % len(self.worktrees)]

    def act(self, chance: random.Random) -> None:
        """Do one thing that people do with git."""
        here = self.place()
        chance.choice((self._commit, self._branch, self._rebase, self._revert, self._squash, self._publish, self._add))(
            here
        )

    def faults(self) -> list[str]:
        """Return what the board left in the working trees, the index, the history or the refs."""
        found, self.conflicts = self.conflicts, []
        for tree in self.worktrees:
            shown = git("status", "--porcelain", "--untracked-files=all", cwd=tree)
            found += [f"git status shows {line}" for line in shown.splitlines() if not line.endswith(OWN)]
        listed = git("log", "--all", "--name-only", "--format=", cwd=self.path).splitlines()
        found += [f"git has {name}" for name in {*listed} if name.startswith(".pm") and name != OWN]
        refs = git("for-each-ref", "--format=%(refname)", cwd=self.path).splitlines()
        return found + [f"git has {ref}" for ref in refs if ref.startswith("refs/pm")]

    def _commit(self, here: Path) -> None:
        self.number += 1
        name = f"{self.name}-{here.name}-{self.number}"
        (here / name).write_text(f"{self.number}\n")
        git("add", "-A", cwd=here)
        git("commit", "-qm", f"Add {name}", cwd=here)

    def _branch(self, here: Path) -> None:
        self.number += 1
        git("checkout", "-q", "-b", f"{self.name}/{self.number}", cwd=here)
        self._commit(here)

    def _rebase(self, here: Path) -> None:
        self._commit(here)
        self._run(here, "pull", "-q", "--rebase", "origin", "main")

    def _revert(self, here: Path) -> None:
        self._commit(here)
        self._commit(here)
        self._run(here, "revert", "--no-edit", "HEAD~1")

    def _squash(self, here: Path) -> None:
        """Merge a branch into one commit, and delete it."""
        self.number += 1
        branch, start = f"{self.name}/squashed-{self.number}", git("rev-parse", "HEAD", cwd=here)
        git("checkout", "-q", "-b", branch, cwd=here)
        self._commit(here)
        self._commit(here)
        git("checkout", "-q", "--detach", start, cwd=here)
        self._run(here, "merge", "-q", "--squash", branch)
        git("commit", "-qm", f"Squash {branch}", cwd=here)
        git("branch", "-q", "-D", branch, cwd=here)

    def _publish(self, here: Path) -> None:
        self._rebase(here)
        subprocess.run(
            ["git", "push", "-q", "origin", "HEAD:main"], cwd=here, env=environment(), capture_output=True, check=False
        )
        git("fetch", "-q", "--prune", cwd=here)

    def _add(self, here: Path) -> None:
        if len(self.worktrees) > WORKTREES:
            gone = self.worktrees.pop()
            git("worktree", "remove", "--force", gone, cwd=self.path)
        else:
            self.number += 1
            path = self.path.parent / f"{self.name}-tree-{self.number}"
            git("worktree", "add", "-q", "--detach", path, cwd=self.path)
            self.worktrees.append(path)

    def _run(self, here: Path, *command: str) -> None:
        """Run a command of git that may conflict; it must not."""
        identity = {
            f"GIT_{who}_{what}": "ann@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        done = subprocess.run(
            ["git", *command], cwd=here, env=environment(**identity), capture_output=True, text=True, check=False
        )
        if done.returncode:
            self.conflicts.append(f"git {command[0]}: {(done.stderr or done.stdout)[-300:]}")
            subprocess.run(["git", command[0], "--abort"], cwd=here, capture_output=True, check=False)

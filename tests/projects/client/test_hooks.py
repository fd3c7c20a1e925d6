"""`pm sync hooks uninstall` removes the git hooks of earlier versions, and no others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from projects.client.hooks import MARKER, NAMES
from tests.projects.client.conftest import Pm, call
from tests.projects.sync.repositories import git

pytestmark = pytest.mark.slow

INSTALLED = f"#!/bin/sh\n{MARKER}\n"


@pytest.fixture
def hooks(repository: Path) -> Path:
    """The hooks directory of a repository with the hooks of an earlier version."""
    folder = repository / ".git" / "hooks"
    folder.mkdir(exist_ok=True)
    for name in NAMES:
        (folder / name).write_text(INSTALLED)
    return folder


def test_uninstall_removes_own_hooks(pm: Pm, hooks: Path) -> None:
    answer = {"directory": str(hooks), **dict.fromkeys(NAMES, "missing")}
    assert pm("sync", "hooks", "uninstall").document["hooks"] == answer
    assert not set(NAMES) & set(os.listdir(hooks))
    assert pm("sync", "hooks", "uninstall").document["hooks"] == answer


def test_uninstall_keeps_foreign_hooks(pm: Pm, hooks: Path) -> None:
    foreign = f"#!/bin/sh\necho '{MARKER}'\n"  # only mentions the marker
    (hooks / "post-merge").write_text(foreign)
    (hooks / "post-checkout").unlink()
    (hooks / "post-checkout").symlink_to(hooks / "post-merge")
    answer = pm("sync", "hooks", "uninstall").document["hooks"]
    assert [answer[name] for name in NAMES] == ["missing", "foreign", "foreign"]
    assert (hooks / "post-merge").read_text() == foreign
    assert (hooks / "post-checkout").is_symlink()


def test_uninstall_follows_hooks_path_and_worktrees(pm: Pm, repository: Path, hooks: Path, tmp_path: Path) -> None:
    tools = hooks.rename(repository / "tools")
    git("config", "core.hooksPath", str(tools), cwd=repository)
    git("-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "First", cwd=repository)
    tree = tmp_path / "tree"
    git("-c", "core.hooksPath=/dev/null", "worktree", "add", "-q", str(tree), cwd=repository)
    assert call(tree, "sync", "hooks", "uninstall").document["hooks"]["directory"] == str(tools)
    assert not set(NAMES) & set(os.listdir(tools))


def test_installed_hook_learns_that_it_is_retired(pm: Pm) -> None:
    for arguments in (("run", "--", "pre-commit"), ("install",), ("status",)):
        error = pm("sync", "hooks", *arguments).error
        assert error["code"] == "USAGE"
        assert "the git hooks are retired; to remove them: pm sync hooks uninstall" in error["message"]
    assert pm("sync", "hooks").error["code"] == "USAGE"


def test_uninstall_outside_a_repository_is_refused(tmp_path: Path) -> None:
    assert call(tmp_path, "sync", "hooks", "uninstall").error["code"] == "FILE_REFUSED"


def test_uninstall_with_another_program_as_git_is_refused(pm: Pm, tmp_path: Path) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\nhead -c 100 /dev/zero\n")
    (tmp_path / "git").chmod(0o755)
    refused = pm("sync", "hooks", "uninstall", PATH=f"{tmp_path}:{os.environ['PATH']}").error
    assert "printed what git does not print" in refused["message"]

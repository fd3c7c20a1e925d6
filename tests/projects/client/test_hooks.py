"""The git hooks, in real repositories."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Server, environment
from tests.projects.client.conftest import Pm, call, end_server

pytestmark = pytest.mark.slow

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org",
}  # fmt: skip
NAMES = ("pre-commit", "post-merge", "post-checkout")
Git = Callable[..., str]


def run_git(folder: Path, *arguments: str, check: bool = True) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment(**IDENTITY), capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def git(repository: Path) -> Git:
    """Run git in the repository, or `at` another place."""

    def run(*arguments: str, at: Path = repository, check: bool = True) -> str:
        return run_git(at, *arguments, check=check)

    return run


@pytest.fixture
def hooked(server: Server, pm: Pm, repository: Path, git: Git) -> Path:
    """A repository with a server, the hooks and a first commit."""
    pm("project", "create", "--key", "PONE", "--title", "First").document  # noqa: B018
    pm("sync", "hooks", "install").document  # noqa: B018
    (repository / "code.txt").write_text("one")
    git("add", "code.txt")
    git("commit", "-m", "First")
    return repository


def committed(git: Git, revision: str = "HEAD") -> Any:
    return json.loads(git("show", f"{revision}:.pm/data.json"))


def create(pm: Pm, title: str) -> None:
    pm("work-item", "create", "--project", "PONE", "--type", "task", "--title", title).document  # noqa: B018


def titles(pm: Pm) -> set[str]:
    return {row["title"] for row in pm("work-item", "list", "PONE").document["work_items"]}


def test_commit_adds_only_the_board(hooked: Path, pm: Pm, git: Git) -> None:
    assert git("show", "--name-only", "--format=").split() == [".pm/data.json", "code.txt"]
    create(pm, "Work")
    (hooked / "code.txt").write_text("two")
    (hooked / "stray.txt").write_text("untracked")
    git("commit", "-am", "Second")
    assert [row["title"] for row in committed(git)["work_items"]] == ["Work"]
    assert git("status", "--porcelain").split("\n")[:-1] == ["?? .pm/.gitignore", "?? stray.txt"]
    (hooked / "code.txt").write_text("three")
    git("commit", "-am", "Third")
    assert git("show", "--name-only", "--format=").split() == ["code.txt"]


def test_commit_of_named_files_has_those_only(hooked: Path, pm: Pm, git: Git) -> None:
    create(pm, "Work")
    (hooked / "code.txt").write_text("two")
    git("commit", "-m", "Second", "code.txt")
    assert git("show", "--name-only", "--format=").split() == ["code.txt"]
    assert git("diff", "--cached", "--name-only") == ""


def test_checkout_and_merge_bring_the_others_rows(
    hooked: Path, pm: Pm, git: Git, tmp_path: Path, start_server: Callable[..., Server]
) -> None:
    clone = tmp_path / "clone"
    git("clone", "-q", str(hooked), str(clone))
    start_server(clone)
    call(clone, "sync", "import", "-f", ".pm/data.json").document  # noqa: B018
    call(clone, "sync", "hooks", "install").document  # noqa: B018
    call(clone, "work-item", "create", "--project", "PONE", "--type", "task", "--title", "Theirs").document  # noqa: B018
    git("commit", "--allow-empty", "-m", "Theirs", at=clone)
    branch = git("branch", "--show-current").strip()
    git("pull", "-q", "--no-rebase", str(clone), branch)
    assert titles(pm) == {"Theirs"}
    git("checkout", "-q", "-b", "side")
    create(pm, "Side")
    git("commit", "--allow-empty", "-m", "Side")
    git("checkout", "-q", branch, at=clone)
    git("fetch", "-q", str(hooked), "side", at=clone)
    git("checkout", "-q", "FETCH_HEAD", at=clone)
    rows = call(clone, "work-item", "list", "PONE").document["work_items"]
    assert {row["title"] for row in rows} == {"Theirs", "Side"}


def test_merge_with_conflicts_elsewhere_loses_no_row(
    hooked: Path, pm: Pm, git: Git, tmp_path: Path, start_server: Callable[..., Server]
) -> None:
    clone = tmp_path / "clone"
    git("clone", "-q", str(hooked), str(clone))
    start_server(clone)
    call(clone, "sync", "import", "-f", ".pm/data.json").document  # noqa: B018
    call(clone, "sync", "hooks", "install").document  # noqa: B018
    call(clone, "work-item", "create", "--project", "PONE", "--type", "task", "--title", "Theirs").document  # noqa: B018
    (clone / "code.txt").write_text("theirs")
    git("commit", "-am", "Theirs", at=clone)
    (hooked / "code.txt").write_text("mine")
    git("commit", "-am", "Mine")
    branch = git("branch", "--show-current").strip()
    assert "CONFLICT" in git("pull", "-q", "--no-rebase", str(clone), branch, check=False)
    (hooked / "code.txt").write_text("both")
    git("commit", "-am", "Merge")
    assert [row["title"] for row in committed(git)["work_items"]] == ["Theirs"]
    assert titles(pm) == {"Theirs"}


def test_conflict_in_the_data_is_left_to_the_person(hooked: Path, pm: Pm, git: Git) -> None:
    branch = git("branch", "--show-current").strip()
    git("checkout", "-q", "-b", "side")
    (hooked / ".pm" / "data.json").write_text("theirs\n")
    git("-c", "core.hooksPath=/dev/null", "commit", "-qam", "Side")
    git("-c", "core.hooksPath=/dev/null", "checkout", "-q", branch)
    create(pm, "Mine")
    (hooked / "code.txt").write_text("two")
    git("commit", "-qam", "Mine")
    assert "CONFLICT" in git("merge", "side", check=False)
    out = git("commit", "-qam", "Merge with the marks in it")
    assert "not synchronized" in out
    assert "<<<<<<<" in git("show", "HEAD:.pm/data.json")


def test_rebase_goes_through(hooked: Path, pm: Pm, git: Git) -> None:
    branch = git("branch", "--show-current").strip()
    git("checkout", "-q", "-b", "side")
    (hooked / "side.txt").write_text("side")
    git("add", "side.txt")
    git("commit", "-qm", "Side")
    git("checkout", "-q", branch)
    create(pm, "Mine")
    (hooked / "code.txt").write_text("two")
    git("commit", "-qam", "Mine")
    git("checkout", "-q", "side")
    git("rebase", "-q", branch)
    assert git("status", "--porcelain", "-uno") == ""
    assert [row["title"] for row in committed(git)["work_items"]] == ["Mine"]


def test_linked_worktree_commits_the_same_board(hooked: Path, pm: Pm, git: Git, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    git("worktree", "add", "-q", "-b", "side", str(tree))
    create(pm, "Work")
    (tree / "code.txt").write_text("two")
    git("commit", "-qam", "In the worktree", at=tree)
    assert [row["title"] for row in committed(git, "side")["work_items"]] == ["Work"]
    assert git("status", "--porcelain", "-uno") == ""
    assert git("status", "--porcelain", "-uno", at=tree) == ""
    hooks = call(tree, "sync", "hooks", "status").document["hooks"]
    assert hooks["directory"] == str(hooked / ".git" / "hooks")


def test_hooks_go_where_git_looks(pm: Pm, repository: Path, git: Git) -> None:
    git("config", "core.hooksPath", "tools/hooks")
    answer = pm("sync", "hooks", "install").document["hooks"]
    assert answer == {"directory": str(repository / "tools" / "hooks"), **dict.fromkeys(NAMES, "installed")}
    assert sorted(os.listdir(repository / "tools" / "hooks")) == sorted(NAMES)
    assert os.access(repository / "tools" / "hooks" / "pre-commit", os.X_OK)
    assert pm("sync", "hooks", "install").document["hooks"] == answer
    removed = pm("sync", "hooks", "uninstall").document["hooks"]
    assert {removed[name] for name in NAMES} == {"missing"}


def test_foreign_hook_is_never_touched(pm: Pm, repository: Path) -> None:
    theirs = repository / ".git" / "hooks" / "post-merge"
    theirs.parent.mkdir(exist_ok=True)
    theirs.write_text("#!/bin/sh\necho theirs\n")
    error = pm("sync", "hooks", "install").error
    assert (error["code"], error["hook"]) == ("FILE_REFUSED", "post-merge")
    assert "pm sync hooks run -- post-merge" in error["message"]
    assert not (theirs.parent / "pre-commit").exists()
    pm("sync", "hooks", "uninstall").document  # noqa: B018
    assert theirs.read_text() == "#!/bin/sh\necho theirs\n"
    assert pm("sync", "hooks", "status").document["hooks"]["post-merge"] == "foreign"


def test_commit_goes_on_where_no_server_can_be_started(hooked: Path, server: Server, pm: Pm, git: Git) -> None:
    server.end()
    (hooked / ".pm" / "config.toml").write_text("[server]\nport = 'none'\n")
    (hooked / "code.txt").write_text("two")
    assert "not synchronized" in git("commit", "-am", "Second")


def test_commit_starts_a_server_where_there_is_none(hooked: Path, server: Server, git: Git) -> None:
    server.end()
    (hooked / "code.txt").write_text("two")
    try:
        assert "warning" not in git("commit", "-am", "Second")
        assert committed(git)["projects"][0]["key"] == "PONE"
    finally:
        end_server(hooked / ".pm")


def test_repository_without_a_board_is_left_alone(pm: Pm, repository: Path, git: Git) -> None:
    pm("sync", "hooks", "install").document  # noqa: B018
    (repository / "code.txt").write_text("one")
    git("add", "code.txt")
    assert "warning" not in git("commit", "-m", "First")
    assert git("show", "--name-only", "--format=").split() == ["code.txt"]
    assert not (repository / ".pm").exists()


def test_data_of_a_stranger_is_only_data(hooked: Path, pm: Pm, git: Git, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("precious")
    data = hooked / ".pm" / "data.json"
    data.unlink()
    data.symlink_to(secret)
    out = git("checkout", "-q", "-b", "side") + git("commit", "--allow-empty", "-m", "Second")
    assert secret.read_text() == "precious"
    assert "error" not in out
    assert not data.is_symlink()
    data.unlink()
    os.mkfifo(data)
    run = ("sync", "hooks", "run", "--", "post-merge", "0")
    assert "not synchronized" in pm(*run).err


def test_wrong_calls_are_usage_errors(pm: Pm) -> None:
    assert pm("sync", "hooks").error["code"] == "USAGE"
    assert pm("sync", "hooks", "explode").error["code"] == "USAGE"
    assert pm("sync", "hooks", "run", "--", "pre-push").error["code"] == "USAGE"


def test_outside_a_repository_it_is_refused(tmp_path: Path) -> None:
    assert call(tmp_path, "sync", "hooks", "install").error["code"] == "FILE_REFUSED"


def test_install_with_another_program_as_git_is_refused(pm: Pm, tmp_path: Path) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\nhead -c 100 /dev/zero\n")
    (tmp_path / "git").chmod(0o755)
    refused = pm("sync", "hooks", "install", PATH=f"{tmp_path}:{os.environ['PATH']}").error
    assert "printed what git does not print" in refused["message"]

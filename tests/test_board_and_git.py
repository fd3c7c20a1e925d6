"""What people do with git while a board is in the repository: nothing is lost, and nothing gets committed."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from projects import board_record, git_exclude, workspace
from tests.commands import PLANTED, answer, git, pm, refusal
from tests.conftest import add_board
from tests.processes import Server, environment, poll

Start = Callable[..., Server]


def staged(repository: Path) -> list[str]:
    """Return what `git add -A` takes."""
    git(repository, "add", "-A")
    command = ["git", "-C", str(repository), "diff", "--cached", "--name-only"]
    output = subprocess.run(command, check=True, env=environment(), capture_output=True, text=True).stdout
    return output.splitlines()


def keys(repository: Path) -> list[str]:
    """Return the keys of the projects on the board."""
    return [project["key"] for project in answer(repository, "project", "list")["projects"]]


def create(repository: Path, key: str = "AA") -> None:
    answer(repository, "project", "create", "--key", key, "--title", key)


@pytest.fixture
def history(repository: Path, new_board: Path) -> Path:
    """A repository with a board, whose first commit is older than its `.pm`, and whose second has it."""
    (repository / "code.txt").write_text("1")
    git(repository, "add", "-A")
    git(repository, "commit", "-m", "before pm")
    answer(repository, "init")
    git(repository, "add", "-A")
    git(repository, "commit", "-m", "pm")
    shutil.copy(new_board, repository / ".pm" / "data.db")
    return repository


def test_commit_without_gitignore_leaves_the_board_alone(history: Path, start_server: Start) -> None:
    server = start_server(history)
    create(history)
    git(history, "checkout", "-q", "HEAD~1")
    assert not (history / ".pm/.gitignore").exists()
    assert staged(history) == []
    git(history, "clean", "-fdq")
    git(history, "stash", "-u")
    assert server.request("GET", "/health").status_code == 200
    assert keys(history) == ["AA"]
    server.end()
    server = start_server(history)  # on the old commit: nothing may be in the way back
    assert not (history / ".pm/.gitignore").exists()
    git(history, "checkout", "-q", "-")
    assert (history / ".pm/.gitignore").exists()
    assert keys(history) == ["AA"]


def test_bisect_passes_by_the_board(history: Path, start_server: Start) -> None:
    start_server(history)
    create(history)
    for number in range(4):
        git(history, "commit", "--allow-empty", "-m", str(number))
    git(history, "bisect", "start", "HEAD", "HEAD~5")
    git(history, "bisect", "run", "sh", "-c", "git add -A -n | grep -q data.db && exit 1; git clean -fdq")
    git(history, "bisect", "reset")
    assert keys(history) == ["AA"]


@pytest.mark.usefixtures("board_repository")
def test_stash_pop_restores_untracked_files(repository: Path, start_server: Start) -> None:
    git(repository, "commit", "--allow-empty", "-m", "x")
    start_server(repository).end()
    (repository / "mine.txt").write_text("work")
    git(repository, "stash", "push", "-u")
    server = start_server(repository)
    git(repository, "stash", "pop")
    assert (repository / "mine.txt").read_text() == "work"
    assert (repository / ".pm/.gitignore").exists()
    assert server.request("GET", "/health").status_code == 200


def test_stash_pop_restores_board_after_empty_one_is_moved(history: Path, start_server: Start) -> None:
    server = start_server(history)
    create(history)
    server.end()
    git(history, "stash", "--all")
    warning = start_server(history).end()[1]
    assert "to restore a stashed board: pm server stop, move the untracked files of the empty board out of" in warning
    aside = history.parent / "aside"
    aside.mkdir()
    for path in (history / ".pm").iterdir():
        if path.name not in git_exclude.SHARED_FILES:
            path.rename(aside / path.name)
    git(history, "stash", "pop")
    start_server(history)
    assert keys(history) == ["AA"]


def test_running_server_restores_exclude_block(repository: Path, server: Server) -> None:
    exclude = repository / ".git/info/exclude"
    exclude.write_bytes(b"*.log\n")
    poll(lambda: git_exclude.BEGIN in exclude.read_bytes(), 10)
    assert exclude.read_bytes().startswith(b"*.log\n")
    assert "data.db" not in "".join(staged(repository))


@pytest.mark.usefixtures("board_repository")
def test_start_with_linked_exclude_file_warns_and_serves(repository: Path, start_server: Start, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("*.log\n")
    exclude = repository / ".git/info/exclude"
    exclude.unlink()
    exclude.symlink_to(tmp_path / "mine")
    server = start_server(repository)
    assert server.request("GET", "/health").status_code == 200
    assert "info/exclude can't be changed" in server.end()[1]
    assert (tmp_path / "mine").read_text() == "*.log\n"


@pytest.mark.usefixtures("board_repository")
def test_committed_board_is_kept_with_a_new_key(repository: Path, start_server: Start) -> None:
    server = start_server(repository)
    create(repository)
    server.end()
    key = (repository / ".pm/secret_key").read_text()
    git(repository, "add", "-f", ".pm/data.db", ".pm/secret_key")
    git(repository, "commit", "-m", "by accident")
    line = refusal(start_server(repository, ready=False))
    assert "tracked by git" in line
    command = line[line.index("git -C") :].partition(";")[0]
    subprocess.run(["sh", "-c", command], check=True, env=environment(), capture_output=True)
    git(repository, "commit", "-m", "untracked")
    start_server(repository)
    assert keys(repository) == ["AA"]
    assert (repository / ".pm/secret_key").read_text() != key


@pytest.mark.usefixtures("board_repository")
def test_committed_key_is_replaced_with_a_notice(repository: Path, start_server: Start) -> None:
    start_server(repository).end()
    key = (repository / ".pm/secret_key").read_text()
    git(repository, "add", "-f", ".pm/secret_key")
    git(repository, "commit", "-m", "by accident")
    git(repository, "rm", "-q", "--cached", ".pm/secret_key")
    checks = {check["name"]: check for check in json.loads(pm(repository, "doctor").stdout)["checks"]}
    assert checks["secrets"]["status"] == "fail"
    assert checks["history"]["status"] == "warn"
    assert "sign in again" in start_server(repository).end()[1]
    assert (repository / ".pm/secret_key").read_text() != key
    assert "sign in again" not in start_server(repository).end()[1]


@pytest.mark.parametrize("remover", [["sparse-checkout", "set", "src"], ["clean", "-fdxq"], ["stash", "--all"]])
def test_doctor_misses_a_board_that_git_deleted(history: Path, remover: list[str]) -> None:
    (history / "src").mkdir()
    (history / "src/a").touch()
    git(history, "add", "-A")
    git(history, "commit", "-m", "src")
    (history / "extra").touch()
    board_record.note(str(history / ".pm"))  # as a start does
    git(history, *remover)
    assert not (history / ".pm/data.db").exists()
    checks = {check["name"]: check for check in json.loads(pm(history, "doctor").stdout)["checks"]}
    assert "is gone" in checks["board"]["message"]


def test_deleted_board_is_reported_by_one_start(history: Path, start_server: Start) -> None:
    start_server(history).end()
    git(history, "clean", "-fdxq")
    assert "is gone" in pm(history, "init").stderr
    assert f"{history}/.pm had a board, but its data.db is gone" in start_server(history).end()[1]
    assert start_server(history).end()[1].count("is gone") == 0


def test_copy_of_a_served_repository_starts_with_a_notice(
    repository: Path, server: Server, start_server: Start, tmp_path: Path
) -> None:
    create(repository)
    copy = tmp_path / "copy"
    shutil.copytree(repository, copy)
    called = pm(copy, "project", "list")
    assert called.returncode == 3
    assert f"it is a copy from the server of {repository}" in called.stderr
    second = start_server(copy)
    assert second.info["root"] == str(copy)
    create(copy, "BB")
    assert (keys(repository), keys(copy)) == (["AA"], ["AA", "BB"])
    assert "is a copy of" in second.end()[1]
    assert "is a copy of" not in start_server(copy).end()[1]
    assert server.request("GET", "/health").status_code == 200


def test_copied_port_file_without_its_lock_names_no_server(repository: Path, server: Server, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(repository, copy)
    (copy / ".pm/server.lock").unlink()
    assert pm(copy, "project", "list").returncode == 3


def test_second_path_of_a_served_directory_is_not_a_copy(repository: Path, server: Server, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(repository)
    assert answer(tmp_path / "link", "project", "list", PWD=str(tmp_path / "link"))["projects"] == []
    assert answer(tmp_path, "project", "list", PM_CONFIG_DIR=str(tmp_path / "link/.pm"))["projects"] == []
    (repository / ".pm/server.lock").unlink()
    assert pm(tmp_path, "project", "list", PM_CONFIG_DIR=str(tmp_path / "link/.pm")).returncode == 0


def test_start_in_worktree_of_moved_repository_creates_no_board(
    history: Path, start_server: Start, tmp_path: Path
) -> None:
    git(history, "worktree", "add", str(tmp_path / "tree"))
    start_server(history).end()
    history.rename(tmp_path / "moved")
    server = start_server(tmp_path / "tree", ready=False)
    assert "git worktree repair" in refusal(server)
    failed = pm(tmp_path / "tree", "project", "list", "--start")
    assert "git worktree repair" in failed.stderr
    assert not (tmp_path / "tree/.pm/data.db").exists()


def test_neighbouring_bare_repositories_have_separate_boards(
    history: Path, new_board: Path, start_server: Start, tmp_path: Path
) -> None:
    boards: list[Any] = []
    for name in ("alpha", "beta"):
        git(tmp_path, "clone", "-q", "--bare", str(history), f"code/{name}.git")
        git(tmp_path / f"code/{name}.git", "worktree", "add", f"../{name}-main", "HEAD")
        tree = tmp_path / f"code/{name}-main"
        add_board(tmp_path / f"code/{name}.git", new_board)
        start_server(tree, config=tmp_path / f"code/{name}.git/.pm")
        create(tree, name.upper())
        boards.append(keys(tree))
    assert boards == [["ALPHA"], ["BETA"]]
    git(tmp_path / "code/alpha.git", "gc", "-q", "--prune=now")
    git(tmp_path / "code/alpha-main", "clean", "-fdxq")
    assert keys(tmp_path / "code/alpha-main") == ["ALPHA"]


@pytest.mark.usefixtures("board_repository")
def test_cloned_database_is_not_served(repository: Path, start_server: Start, tmp_path: Path) -> None:
    start_server(repository).end()
    git(repository, "add", "-f", ".pm/data.db")
    git(repository, "commit", "-m", "theirs")
    git(tmp_path, "clone", "-q", str(repository), "clone")
    line = refusal(start_server(tmp_path / "clone", ready=False))
    assert "data.db.from-git" in line
    assert (tmp_path / "clone/.pm/data.db").exists()


def test_planted_key_is_never_used(repository: Path, new_board: Path, start_server: Start) -> None:
    workspace.create(str(repository / ".pm"))
    shutil.copy(new_board, repository / ".pm" / "data.db")
    (repository / ".pm/secret_key").write_text(PLANTED)
    (repository / ".pm/secret_key").chmod(0o600)
    git(repository, "add", "-f", ".pm/secret_key")
    git(repository, "rm", "-q", "--cached", ".pm/secret_key")
    start_server(repository)
    assert (repository / ".pm/secret_key").read_text() != PLANTED

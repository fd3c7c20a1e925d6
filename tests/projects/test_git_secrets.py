"""Secrets and the database in git: refused with advice that keeps the board, and a committed key is replaced."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from projects import board_record, git_secrets, git_tracking, workspace
from projects.workspace import WorkspaceError
from tests.commands import git
from tests.processes import CHECKOUT, environment


@pytest.fixture
def board(repository: Path) -> Path:
    """A config directory with a key, a token and a database, none of them in git."""
    directory = repository / ".pm"
    workspace.create(str(directory))
    for name in workspace.LOCAL_FILES:
        (directory / name).write_text(f"{name} " * 20)
    return directory


def follow(advice: str) -> None:
    """Run the commands of a complaint, as a user who copies them would."""
    for part in advice.split("; "):
        _, _, command = part.rpartition(": ")
        if command.startswith(("git ", "mv ")):
            subprocess.run(shlex.split(command), check=True, env=environment(), capture_output=True)


def test_untracked_files_are_fine(board: Path) -> None:
    workspace.refuse_hostile(str(board))
    git_secrets.refuse_tracked(str(board))
    assert git_secrets.replace_known_key(str(board)) == ""
    assert (board / "secret_key").exists()


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("name", workspace.LOCAL_FILES)
def test_tracked_file_is_refused_and_the_advice_deletes_nothing(board: Path, name: str, committed: bool) -> None:
    board_record.note(str(board))
    git(board, "add", "-f", name)
    if committed:
        git(board, "commit", "-m", "x")
    (board / name).write_text("changed since")
    before = {path.name for path in board.iterdir()} - {"secret_key"}
    with pytest.raises(WorkspaceError, match=rf"{name} is tracked by git.*rm --cached") as refused:
        git_secrets.refuse_tracked(str(board))
    follow(str(refused.value))
    git_secrets.refuse_tracked(str(board))
    assert {path.name for path in board.iterdir()} - {"secret_key"} == before
    assert (board / "secret_key").exists() == (name not in workspace.SECRET_FILES)


def test_database_that_came_with_the_repository_is_put_aside_whole(board: Path) -> None:
    git(board, "add", "-f", "data.db", "secret_key")
    with pytest.raises(WorkspaceError, match="if you did not create this board yourself") as refused:
        git_secrets.refuse_tracked(str(board))
    follow(str(refused.value))
    assert not (board / "data.db").exists()
    assert (board / "data.db.from-git").read_text() == "data.db " * 20
    git_secrets.refuse_tracked(str(board))


def test_complaint_changes_nothing(board: Path) -> None:
    git(board, "add", "-f", "secret_key")
    assert "is tracked by git" in git_secrets.complaint_about_tracked(str(board))
    assert (board / "secret_key").exists()


def test_advice_works_for_a_directory_with_an_odd_name(repository: Path) -> None:
    directory = repository / "it's; a $HOME"
    workspace.create(str(directory))
    (directory / "data.db").touch()
    git(directory, "add", "-f", "data.db")
    board_record.note(str(directory))
    complaint = git_secrets.complaint_about_tracked(str(directory))
    command = complaint[complaint.index("git -C") :]
    subprocess.run(["sh", "-c", command], check=True, env=environment(), capture_output=True)
    assert git_secrets.complaint_about_tracked(str(directory)) == ""


@pytest.mark.parametrize("gone_from", ["index", "branch", "stash"])
def test_key_that_git_has_anywhere_is_replaced(board: Path, gone_from: str) -> None:
    git(board, "commit", "--allow-empty", "-m", "x")
    key = (board / "secret_key").read_text()
    git(board, "add", "-f", "secret_key")
    if gone_from == "stash":
        git(board, "stash")
        (board / "secret_key").write_text(key)
    else:
        if gone_from != "index":
            git(board, "checkout", "-b", "side")
            git(board, "commit", "-m", "key")
        git(board, "rm", "-q", "--cached", "-f", "secret_key")
        if gone_from != "index":
            git(board, "commit", "-m", "no key")
            git(board, "gc", "-q")
    assert git_secrets.has_known_key(str(board))
    assert "sign in again" in git_secrets.replace_known_key(str(board))
    assert not (board / "secret_key").exists()
    assert git_secrets.replace_known_key(str(board)) == ""


def test_key_in_a_repository_of_sha256_is_found(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256", "top")
    directory = tmp_path / "top/.pm"
    workspace.create(str(directory))
    (directory / "secret_key").write_text("k" * 60)
    assert not git_secrets.has_known_key(str(directory))
    git(directory, "add", "-f", "secret_key")
    assert git_secrets.has_known_key(str(directory))


def test_key_that_is_no_file_does_not_hang(board: Path) -> None:
    (board / "secret_key").unlink()
    os.mkfifo(board / "secret_key")
    assert not git_secrets.has_known_key(str(board))


def test_question_to_a_partial_clone_opens_no_connection(board: Path, tmp_path: Path) -> None:
    git(board.parent, "commit", "--allow-empty", "-m", "x")
    git(board.parent, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", f"file://{board.parent}", "partial")
    git(tmp_path / "partial", "config", "remote.origin.uploadpack", f"touch {tmp_path}/asked; git-upload-pack")
    directory = tmp_path / "partial/.pm"
    directory.mkdir()
    (directory / "secret_key").write_text("k" * 60)
    assert not git_secrets.has_known_key(str(directory))
    assert not (tmp_path / "asked").exists()


def test_last_commit_names_the_newest_on_any_branch(board: Path) -> None:
    names = ("data.db", "secret_key")
    git(board, "commit", "--allow-empty", "-m", "x")
    assert git_tracking.last_commit(str(board), names) == ""
    git(board, "checkout", "-q", "-b", "side")
    git(board, "add", "-f", "data.db")
    git(board, "commit", "-m", "by accident")
    git(board, "rm", "-q", "--cached", "data.db")
    git(board, "commit", "-m", "undone")
    command = ["git", "-C", str(board), "rev-parse", "--short", "HEAD"]
    head = subprocess.run(command, check=True, env=environment(), capture_output=True, text=True).stdout.strip()
    assert git_tracking.last_commit(str(board), names) == head


def test_without_a_repository_nothing_is_known(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    assert git_tracking.tracked(str(tmp_path), ("data.db",)) is None
    assert git_tracking.ignored(str(tmp_path), ("data.db",)) is None
    assert git_tracking.last_commit(str(tmp_path), ("data.db",)) is None
    assert git_tracking.holds_content(str(tmp_path), str(tmp_path / "secret_key")) is None


def test_git_that_hangs_is_waited_for_once(board: Path, tmp_path: Path) -> None:
    (tmp_path / "git").write_text(f"#!/bin/sh\necho >> {tmp_path}/calls\nexec sleep 60\n")
    (tmp_path / "git").chmod(0o755)
    code = f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); from projects import git_tracking\n"
    code += f"print(*(git_tracking.tracked({str(board)!r}, ('data.db',)) for _ in range(3)))"
    env = environment(PATH=f"{tmp_path}:{os.environ['PATH']}")
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "None None None\n"
    assert (tmp_path / "calls").read_text() == "\n"

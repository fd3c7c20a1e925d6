"""The running server puts the block back."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from projects import git_exclude, workspace
from projects.git_guard import Guard
from tests.commands import git
from tests.processes import poll


@pytest.fixture
def exclude(repository: Path) -> Path:
    workspace.create(str(repository / ".pm"))
    return repository / ".git/info/exclude"


def test_look_adds_the_block_again(repository: Path, exclude: Path) -> None:
    guard = Guard(str(repository / ".pm"))
    guard.look()
    for content in (b"", b"*.log\n"):
        exclude.write_bytes(content)
        guard.look()
        assert exclude.read_bytes() == content + b"\n".join(git_exclude.block(".pm")) + b"\n"
    exclude.unlink()
    guard.look()
    assert git_exclude.BEGIN in exclude.read_bytes()


def test_look_leaves_a_missing_gitignore_alone(repository: Path, exclude: Path) -> None:
    guard = Guard(str(repository / ".pm"))
    (repository / ".pm/.gitignore").unlink()
    guard.look()
    assert not (repository / ".pm/.gitignore").exists()


def test_look_protects_in_a_repository_that_is_made_later(tmp_path: Path) -> None:
    workspace.create(str(tmp_path / ".pm"))
    guard = Guard(str(tmp_path / ".pm"))
    guard.look()
    git(tmp_path, "init", "-q")
    guard.look()
    assert git_exclude.BEGIN in (tmp_path / ".git/info/exclude").read_bytes()


def test_look_where_the_block_can_not_be_warns_once_and_keeps_gitignore(
    repository: Path, exclude: Path, caplog: pytest.LogCaptureFixture
) -> None:
    exclude.unlink()
    exclude.symlink_to("nowhere")
    guard = Guard(str(repository / ".pm"))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            (repository / ".pm/.gitignore").unlink()
            guard.look()
            assert (repository / ".pm/.gitignore").exists()
    assert len(caplog.records) == 1


def test_look_makes_no_directory(repository: Path, exclude: Path) -> None:
    guard = Guard(str(repository / "other/.pm"))
    guard.look()
    assert not (repository / "other").exists()
    assert b"/other/.pm" not in exclude.read_bytes()


def test_look_restores_gitignore_where_another_one_outranks_the_block(
    repository: Path, exclude: Path, caplog: pytest.LogCaptureFixture
) -> None:
    guard = Guard(str(repository / ".pm"))
    guard.look()
    (repository / ".pm/.gitignore").unlink()
    (repository / ".gitignore").write_text("!*\n")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            guard.look()
    assert (repository / ".pm/.gitignore").read_text() == workspace.GITIGNORE
    (record,) = caplog.records
    assert "re-includes the board" in record.getMessage()
    assert f"{repository}/.pm/.gitignore was restored" in record.getMessage()


def test_look_leaves_a_missing_gitignore_alone_where_another_one_has_no_effect(
    repository: Path, exclude: Path, caplog: pytest.LogCaptureFixture
) -> None:
    guard = Guard(str(repository / ".pm"))
    guard.look()
    (repository / ".pm/.gitignore").unlink()
    (repository / ".gitignore").write_text("*.log\n")
    with caplog.at_level(logging.WARNING):
        guard.look()
    assert not (repository / ".pm/.gitignore").exists()
    assert caplog.records == []


def test_guard_warns_once_of_a_commit_that_contains_the_database(
    repository: Path, exclude: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (repository / ".pm/data.db").write_text("old board")
    git(repository, "add", "-f", ".pm/data.db")
    git(repository, "commit", "-qm", "Old board")
    git(repository, "rm", "-q", "--cached", ".pm/data.db")
    git(repository, "commit", "-qm", "Untrack the board")
    guard = Guard(str(repository / ".pm"))
    with caplog.at_level(logging.WARNING):
        poll(lambda: guard.look() or caplog.records)
        for _ in range(3):
            guard.look()
    (record,) = caplog.records
    assert "checking out such a commit overwrites or deletes the board" in record.getMessage()
    assert "pm backup" in record.getMessage()


def test_guard_says_nothing_of_a_history_without_the_database(
    repository: Path, exclude: Path, caplog: pytest.LogCaptureFixture
) -> None:
    git(repository, "commit", "-q", "--allow-empty", "-m", "Empty")
    guard = Guard(str(repository / ".pm"))
    guard.look()
    assert poll(lambda: guard.look() or guard.has_searched_history)
    assert caplog.records == []

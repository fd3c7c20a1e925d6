"""The ID of a worktree's content: what changes it, what does not, and that nothing of the repository runs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from projects.client import worktree_content
from projects.client.worktree_content import ContentUnknown, Worktree, find_worktree


def git(top: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always")
    done = subprocess.run(("git", "-C", top, *identity, *arguments), capture_output=True, text=True, check=True)
    return done.stdout.strip()


def tree(top: Path) -> str:
    return Worktree(str(top), os.environ).content().tree


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A repository with a commit."""
    top = tmp_path / "work"
    (top / "b" / "c").mkdir(parents=True)
    git(tmp_path, "init", "-q", str(top))
    for name in ("a.txt", "b/c/d.txt", "b-e.txt", "ä"):
        (top / name).write_text(name)
    (top / "run").write_text("#!/bin/sh\n")
    (top / "run").chmod(0o755)
    (top / "link").symlink_to("a.txt")
    (top / ".gitignore").write_text("ignored\n")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "one")
    return top


def test_id_is_that_of_the_commit_of_the_same_content(top: Path) -> None:
    assert tree(top) == git(top, "rev-parse", "HEAD^{tree}")
    (top / "new").write_text("new")
    (top / "a.txt").unlink()
    (top / "ignored").write_text("1")
    before = tree(top)
    git(top, "add", "-A")
    assert tree(top) == before
    git(top, "commit", "-qm", "two")
    assert tree(top) == before == git(top, "rev-parse", "HEAD^{tree}")


def test_every_change_of_content_changes_the_id(top: Path) -> None:
    found = [tree(top)]
    for change in (
        lambda: (top / "a.txt").write_text("b.txt"),
        lambda: (top / "run").chmod(0o644),
        lambda: (top / "untracked").write_text(""),
        lambda: (top / "link").unlink(),
        lambda: (top / "link").symlink_to("b"),
    ):
        change()
        found.append(tree(top))
    assert len(set(found)) == len(found)


def test_flags_of_the_index_hide_nothing(top: Path) -> None:
    before = tree(top)
    git(top, "update-index", "--assume-unchanged", "a.txt")
    git(top, "update-index", "--skip-worktree", "b-e.txt")
    assert tree(top) == before
    (top / "a.txt").write_text("A")
    second = tree(top)
    (top / "b-e.txt").write_text("B")
    assert len({before, second, tree(top)}) == 3


def test_sparse_checkout_has_the_content_that_is_there(top: Path) -> None:
    git(top, "sparse-checkout", "set", "--cone", "b")
    before = tree(top)
    (top / "b" / "c" / "d.txt").write_text("changed")
    assert tree(top) != before


def test_submodule_counts_with_its_content(top: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    git(tmp_path, "init", "-q", str(library))
    (library / "code").write_text("1")
    git(library, "add", "-A")
    git(library, "commit", "-qm", "one")
    git(top, "submodule", "--quiet", "add", str(library), "library")
    git(top, "commit", "-qm", "two")
    before = tree(top)
    (top / "library" / "code").write_text("2")
    changed = tree(top)
    assert changed != before
    git(top / "library", "commit", "-qam", "two")
    assert tree(top) == changed
    # A command in the submodule checks the worktree that has the board.
    found = find_worktree(os.environ, str(top / "library"))
    assert found is not None
    assert found.top == str(top)


def test_nothing_of_the_repository_runs_and_nothing_in_it_changes(top: Path, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\ncat\n")
    program.chmod(0o755)
    for name in ("core.fsmonitor", "filter.f.clean", "filter.f.process", "diff.external", "core.sshCommand"):
        git(top, "config", name, str(program))
    (top / ".gitattributes").write_text("* filter=f\n")
    hook = top / ".git" / "hooks" / "post-index-change"
    hook.write_text(program.read_text())
    hook.chmod(0o755)
    (top / "a.txt").write_text("changed")
    before = {path: path.stat().st_mtime_ns for path in (top / ".git").rglob("*")}
    tree(top)
    assert {path: path.stat().st_mtime_ns for path in (top / ".git").rglob("*")} == before
    assert not (tmp_path / "ran").exists()


def test_changed_paths_are_reported(top: Path) -> None:
    worktree = Worktree(str(top), os.environ)
    before = worktree.content()
    (top / "a.txt").write_text("changed")
    (top / "new").write_text("new")
    assert worktree.content().changed_since(before) == ["a.txt", "new"]


def test_second_reading_sees_a_change_that_hides_its_size_and_time(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worktree_content, "RACY", -(10**18))  # as if the files were old
    worktree = Worktree(str(top), os.environ)
    os.utime(top / "a.txt", ns=(1, 1))
    before = worktree.content()
    (top / "a.txt").write_text("b.txt")
    os.utime(top / "a.txt", ns=(1, 1))
    assert worktree.content().changed_since(before) == ["a.txt"]


def test_file_that_can_not_be_read_is_an_error(top: Path) -> None:
    (top / "untracked").write_text("x")
    (top / ".git" / "index").write_bytes(b"broken")
    with pytest.raises(ContentUnknown):
        tree(top)

"""Clones and repositories of every kind have the same board."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from projects import workspace
from projects.sync.exceptions import Refused, Rewritten
from tests.processes import environment
from tests.projects.sync.repositories import REF, Clone, bare, clone, git


@pytest.fixture
def project(tmp_path: Path, remote: Path) -> Path:
    """Fill the remote with three commits, a tag and a branch; return a clone that pushed them."""
    path = tmp_path / "project"
    git("clone", "-q", remote, path)
    for number in range(3):
        (path / "file").write_text(f"{number}\n")
        git("add", "file", cwd=path)
        git("commit", "-qm", f"Commit {number}", cwd=path)
    git("tag", "v1", cwd=path)
    git("push", "-q", "origin", "HEAD:main", "HEAD:other", "v1", cwd=path)
    git("symbolic-ref", "HEAD", "refs/heads/main", cwd=remote)
    return path


KINDS = {
    "shallow": ("--depth=1",),
    "partial": ("--filter=blob:none", "--no-checkout"),
    "single branch": ("--single-branch", "--branch=main"),
    "mirror": ("--mirror",),
    "bare": ("--bare",),
    "reference": ("--reference-if-able=/nowhere", "--shared"),
}


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_board_of_a_clone(
    make_clone: Callable[..., Clone], remote: Path, project: Path, options: tuple[str, ...]
) -> None:
    git("config", "uploadpack.allowFilter", "true", cwd=remote)
    ann, bob = make_clone("ann"), make_clone("bob", *options, source=f"file://{remote}")
    head = ann.append(ann.publish(None))
    assert bob.fetch() == head
    newer = bob.append(head, b"bob\n")
    assert ann.fetch() == newer
    assert ann.texts(newer)[-1] == b"bob\n"
    refs = git("for-each-ref", "--format=%(refname)", cwd=bob.path)
    assert "refs/pm" not in refs
    assert git("log", "--all", "--format=%an", cwd=bob.path).splitlines() == ["Ann Author"] * len(
        git("log", "--all", "--format=%h", cwd=bob.path).splitlines()
    )
    count = git(f"--git-dir={bob.store.path}", "rev-list", "--objects", "--all", "--count")
    assert int(count) < 20  # the log alone, without history of the project
    if options == ("--mirror",):
        git("fetch", "-q", cwd=bob.path)
        assert git("for-each-ref", REF, cwd=bob.path)  # git's own fetch of everything; the store is not touched
        assert bob.fetch() == newer


def test_board_of_a_submodule_is_its_own(
    make_clone: Callable[..., Clone], remote: Path, project: Path, tmp_path: Path
) -> None:
    outer = bare(tmp_path / "outer.git")
    ann = clone(outer, tmp_path / "outer")
    git("-c", "protocol.file.allow=always", "submodule", "add", "-q", remote, "inner", cwd=ann.path)
    git("commit", "-qm", "Add a submodule", cwd=ann.path)
    inner = Clone(ann.path / "inner")
    with ann.store, inner.store:
        head = inner.publish(None)
        assert ann.fetch() is None
        assert make_clone("bob").fetch() == head
        git("push", "-q", "--recurse-submodules=on-demand", "origin", "HEAD", cwd=ann.path)
        assert git("for-each-ref", "refs/pm", cwd=outer) == ""


def test_linked_worktree_shares_the_copy(ann: Clone, project: Path, tmp_path: Path) -> None:
    git("worktree", "add", "-q", tmp_path / "linked", cwd=project)
    (project / ".pm").mkdir()
    found = {workspace.find(str(place), environment()) for place in (project, tmp_path / "linked")}
    assert found == {str(project / ".pm")}
    linked = Clone(tmp_path / "linked")  # its configuration names the same remote
    with linked.store:
        assert linked.fetch() is None
        assert linked.remote.settings == Clone(project).remote.settings


def test_several_remotes(make_clone: Callable[..., Clone], remote: Path, tmp_path: Path) -> None:
    second = bare(tmp_path / "second.git")
    ann, bob = make_clone("ann"), make_clone("bob")
    git("remote", "add", "second", second, cwd=bob.path)
    head = ann.append(ann.publish(None))
    elsewhere = Clone(bob.path, "second")
    with elsewhere.store:
        assert elsewhere.fetch() is None
        assert bob.fetch() == head
        with pytest.raises(Rewritten, match="the remote second lacks the history of this board"):
            elsewhere.push(head)  # the first fetch brought none
        restarted = elsewhere.store.restart(head)
        elsewhere.push(restarted)
        assert git("rev-parse", REF, cwd=second) == restarted
        assert elsewhere.texts(restarted) == elsewhere.texts(head)
        assert not elsewhere.store.is_descendant(restarted, head)


def test_push_goes_to_the_push_address(ann: Clone, tmp_path: Path, remote: Path) -> None:
    head = ann.publish(None)
    other = bare(tmp_path / "other.git")
    git("remote", "set-url", "--push", "origin", other, cwd=ann.path)
    ann.push(head)
    assert git("rev-parse", REF, cwd=other) == head


def test_remote_that_moved(ann: Clone, bob: Clone, remote: Path, tmp_path: Path) -> None:
    head = ann.publish(None)
    bob.fetch()
    moved = remote.rename(tmp_path / "moved.git")
    git("remote", "set-url", "origin", moved, cwd=ann.path)
    git("config", f"url.{moved}.insteadOf", str(remote), cwd=bob.path)
    newer = ann.append(head)
    assert bob.fetch() == newer


def test_renamed_remote(ann: Clone, remote: Path) -> None:
    head = ann.publish(None)
    git("remote", "rename", "origin", "up/stream", cwd=ann.path)
    renamed = Clone(ann.path, "up/stream")
    with renamed.store:
        assert renamed.append(head) == renamed.fetch()


def test_packed_refs_on_both_sides(ann: Clone, bob: Clone, remote: Path) -> None:
    head = ann.append(ann.publish(None))
    bob.fetch()
    for place in (remote, Path(ann.store.path), Path(bob.store.path)):
        git(f"--git-dir={place}", "pack-refs", "--all")
        assert not (place / REF).exists()
    newer = bob.append(head)
    assert ann.fetch() == newer
    assert ann.append(newer) == bob.fetch()
    assert git(f"--git-dir={bob.store.path}", "rev-list", "--count", "--all") == "3"  # still without old history


def test_gc_on_both_sides_at_any_time(ann: Clone, bob: Clone, remote: Path) -> None:
    head = ann.publish(None)
    bob.fetch()
    for number in range(3):
        unpublished = bob.store.commit(head, {f"log/00/00/{number + 1:02}.jsonl": b"%d\n" % number})
        for place in (remote, Path(ann.store.path), Path(bob.store.path)):
            git(f"--git-dir={place}", "gc", "-q", "--prune=now")
        bob.push(unpublished)
        assert ann.fetch() == unpublished
        head = unpublished
    assert len(ann.texts(head)) == 4


@pytest.mark.parametrize("source", ["path", "file"])
def test_sha256(tmp_path: Path, source: str) -> None:
    remote = bare(tmp_path / "remote.git", "--object-format=sha256")
    git("init", "-q", "--object-format=sha256", tmp_path / "seed")
    git("commit", "-q", "--allow-empty", "-m", "First", cwd=tmp_path / "seed")
    git("push", "-q", remote, "HEAD:main", cwd=tmp_path / "seed")
    address = remote if source == "path" else f"file://{remote}"
    ann, bob = (clone(address, tmp_path / name, "-b", "main") for name in ("ann", "bob"))
    with ann.store, bob.store:
        head = ann.append(ann.publish(None))
        assert len(head) == 64
        assert bob.fetch() == head
        assert bob.append(head, b"bob\n") == ann.fetch()
        assert bob.store.is_descendant(head, head)


def test_push_of_all_branches_and_tags_keeps_the_board(ann: Clone, remote: Path, project: Path) -> None:
    head = ann.publish(None)
    git("push", "-q", "origin", "HEAD:main", cwd=project)
    git("push", "-q", "--all", cwd=project)
    git("push", "-q", "--tags", cwd=project)
    git("config", "receive.denyDeleteCurrent", "ignore", cwd=remote)
    git("push", "-q", "--prune", "origin", "refs/heads/*", cwd=project)
    assert ann.fetch() == head


def test_tags_of_the_project_are_not_fetched(ann: Clone, project: Path, remote: Path) -> None:
    head = ann.publish(None)
    git("tag", "-a", "-m", "x", "board-tag", head, cwd=remote)
    ann.fetch()
    ann.append(head)
    assert git(f"--git-dir={ann.store.path}", "tag", "-l") == ""


def test_copy_of_a_clone_publishes_too(ann: Clone, tmp_path: Path) -> None:
    head = ann.publish(None)
    shutil.copytree(ann.path, tmp_path / "copy", symlinks=True)
    copy = Clone(tmp_path / "copy")
    with copy.store:
        newer = copy.append(head)
        assert ann.fetch() == newer


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a repository to another user")
def test_local_remote_of_another_user_needs_safe_directory(
    make_clone: Callable[..., Clone], remote: Path, tmp_path: Path
) -> None:
    config = tmp_path / "gitconfig"
    config.write_text("")
    ann = make_clone("ann", GIT_CONFIG_GLOBAL=str(config))
    head = ann.publish(None)
    subprocess.run(["chown", "-R", "65534", remote], check=True)
    version = subprocess.check_output(["git", "version"], text=True)
    if tuple(map(int, re.findall(r"\d+", version)[:3])) >= (2, 39, 4):
        with pytest.raises(Refused, match="dubious ownership"):
            ann.fetch()
    config.write_text(f"[safe]\n\tdirectory = {remote}\n")
    assert ann.fetch() == head

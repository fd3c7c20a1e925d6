"""The local copy of the log: commit, fetch, publish, and what is never lost."""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from projects.sync import git_store, git_tree
from projects.sync.exceptions import Busy, GitError, Malformed, Raced, StoreDamaged
from projects.sync.git_store import GitStore, sync_lock
from tests.projects.sync.repositories import BOARD, FOUNDED, REF, Clone, bare, git, snapshot


def test_publish_reaches_another_clone(ann: Clone, bob: Clone) -> None:
    assert ann.fetch() is None
    head = ann.append(ann.publish(None), b'{"op": 1}\n')
    assert bob.fetch() == head
    contents = bob.store.contents(head)
    assert (contents.format, contents.board_id, contents.checkpoint) == (git_tree.FORMAT, BOARD, None)
    assert bob.texts(head) == [b'{"op": 0}\n', b'{"op": 1}\n']


def test_commit_replaces_the_checkpoint(ann: Clone) -> None:
    ann.fetch()
    head = ann.store.commit(None, {**FOUNDED, git_tree.checkpoint_path(10, "a" * 64): b"old"})
    head = ann.store.commit(
        head, {git_tree.checkpoint_path(20, "b" * 64): b"new"}, removed=[git_tree.checkpoint_path(10, "a" * 64)]
    )
    checkpoint = ann.store.contents(head).checkpoint
    assert checkpoint is not None
    assert checkpoint[:2] == (20, "b" * 64)
    assert b"".join(ann.store.stream(checkpoint[2])) == b"new"


def test_commit_has_a_fixed_identity(ann: Clone) -> None:
    git("config", "user.name", "Ann Author", cwd=ann.path)
    git("config", "commit.gpgSign", "true", cwd=ann.path)
    ann.fetch()
    head = ann.store.commit(None, FOUNDED)
    shown = git(f"--git-dir={ann.store.path}", "cat-file", "commit", head)
    assert "author pm <pm@localhost>" in shown
    assert "committer pm <pm@localhost>" in shown
    assert "Ann" not in shown
    assert "gpgsig" not in shown


def test_second_of_two_publishers_is_reported_and_publishes_on_top(ann: Clone, bob: Clone) -> None:
    head = ann.publish(None)
    bob.fetch()
    mine = bob.store.commit(head, {git_tree.segment_path(1): b"bob\n"})
    theirs = ann.append(head, b"ann\n")
    with pytest.raises(Raced, match="another clone published to the remote origin first"):
        bob.push(mine)
    assert bob.fetch() == theirs
    assert bob.texts(bob.append(theirs, b"bob\n")) == [b'{"op": 0}\n', b"ann\n", b"bob\n"]


def test_second_of_two_founders_is_reported(ann: Clone, bob: Clone) -> None:
    assert bob.fetch() is None
    mine = bob.store.commit(None, {**FOUNDED, git_tree.segment_path(0): b"bob\n"})
    ann.publish(None)
    with pytest.raises(Raced):
        bob.push(mine)


def test_push_to_another_head_than_the_expected_is_refused(ann: Clone, remote: Path) -> None:
    first = ann.publish(None)
    second = ann.append(first)
    third = ann.store.commit(second, {git_tree.segment_path(2): b"2\n"})
    for rewound in (("update-ref", REF, first), ("update-ref", "-d", REF)):
        git(*rewound, cwd=remote)
        with pytest.raises(Raced):
            ann.store.push(ann.remote, third, REF, second)
    ann.store.push(ann.remote, second, REF, "")
    with pytest.raises(Raced):
        ann.store.push(ann.remote, third, REF, "")
    ann.store.push(ann.remote, third, REF, second)
    assert ann.fetch() == third


def test_push_of_what_was_pushed_succeeds(ann: Clone) -> None:
    head = ann.publish(None)
    ann.push(head)


def test_descendant(ann: Clone) -> None:
    first = ann.publish(None)
    second = ann.append(first)
    other = ann.store.commit(first, {git_tree.segment_path(1): b"other\n"})
    assert ann.store.is_descendant(second, first)
    assert ann.store.is_descendant(first, first)
    assert not ann.store.is_descendant(first, second)
    assert not ann.store.is_descendant(other, second)
    assert not ann.store.is_descendant(first, "0" * 39 + "1")


def test_descendant_far_away(ann: Clone, bob: Clone) -> None:
    first = head = ann.publish(None)
    bob.fetch()
    for number in range(1, 40):
        head = ann.store.commit(head, {git_tree.segment_path(number): b"%d\n" % number})
    ann.push(head)
    assert bob.fetch() == head
    for clone in (ann, bob):
        assert clone.store.is_descendant(head, first)
        assert not clone.store.is_descendant(first, head)


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_commits_are_the_ones_that_git_makes(tmp_path: Path, object_format: str) -> None:
    remote = bare(tmp_path / "remote.git", f"--object-format={object_format}")
    git("init", "-q", f"--object-format={object_format}", tmp_path / "clone")
    git("remote", "add", "origin", remote, cwd=tmp_path / "clone")
    clone = Clone(tmp_path / "clone")
    with clone.store:
        files = FOUNDED | {git_tree.segment_path(number): b"%d\n" % number for number in range(1, 205)}
        files |= {git_tree.checkpoint_path(1, "a" * 64): b""}
        head = clone.publish(None, files)
        store = f"--git-dir={clone.store.path}"
        index = {"GIT_INDEX_FILE": str(tmp_path / "index")}
        for path, content in sorted(files.items()):
            blob = git(store, "hash-object", "-w", "--stdin", data=content)
            git(store, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", **index)
        assert git(store, "rev-parse", f"{head}^{{tree}}") == git(store, "write-tree", **index)
        removed = clone.store.commit(head, {}, removed=[git_tree.checkpoint_path(1, "a" * 64)])
        assert clone.store.contents(removed).checkpoint is None
        assert git(store, "ls-tree", "--name-only", removed).split() == ["board.json", "format", "log"]
        git(store, "fsck", "--strict")
        assert git(f"--git-dir={remote}", "rev-parse", REF) == head


def test_rewound_ref_is_returned_and_loses_nothing(ann: Clone, bob: Clone, remote: Path) -> None:
    first = ann.publish(None)
    second = ann.append(first)
    bob.fetch()
    git("update-ref", REF, first, cwd=remote)
    assert bob.fetch() == first
    assert not bob.store.is_descendant(first, second)
    git(f"--git-dir={bob.store.path}", "gc", "-q", "--prune=now")
    assert len(bob.texts(second)) == 2


def test_replaced_ref_is_adopted_and_the_old_head_kept(ann: Clone, bob: Clone, remote: Path) -> None:
    before = ann.append(ann.publish(None))
    bob.fetch()
    git("update-ref", "-d", REF, cwd=remote)
    assert bob.fetch() is None
    after = ann.publish(None, {**FOUNDED, git_tree.segment_path(0): b"replaced\n"})
    assert bob.fetch() == after
    bob.store.adopt(after)
    newest = ann.append(after)
    assert bob.fetch() == newest
    git(f"--git-dir={bob.store.path}", "gc", "-q", "--prune=now")
    assert len(bob.texts(before)) == 2
    assert bob.texts(newest)[0] == b"replaced\n"


def test_first_fetch_brings_no_history_and_later_ones_follow(ann: Clone, bob: Clone) -> None:
    head = ann.append(ann.append(ann.publish(None)))
    bob.fetch()
    assert git(f"--git-dir={bob.store.path}", "rev-list", "--count", head) == "1"
    newer = ann.append(ann.append(head))
    assert bob.fetch() == newer
    assert bob.store.is_descendant(newer, head)
    newest = bob.append(newer)
    assert ann.fetch() == newest
    assert len(ann.texts(newest)) == 6


def test_founder_follows_what_others_published(ann: Clone, bob: Clone) -> None:
    founded = ann.publish(None)
    bob.fetch()
    newer = bob.append(founded)
    assert ann.fetch() == newer
    assert ann.store.is_descendant(newer, founded)


def test_a_branch_holds_a_board(ann: Clone, bob: Clone) -> None:
    head = ann.publish(None, ref="refs/heads/pm-board")
    assert bob.fetch("refs/heads/pm-board") == head


def test_store_is_private_and_the_repository_unchanged(ann: Clone, bob: Clone, remote: Path) -> None:
    (ann.path / "file").write_text("x")
    git("add", "file", cwd=ann.path)
    git("commit", "-qm", "First", cwd=ann.path)
    git("tag", "v1", cwd=ann.path)
    git("push", "-q", "origin", "HEAD:main", "v1", cwd=ann.path)
    before = snapshot(bob.path / ".git")
    head = ann.publish(None)
    bob.fetch()
    bob.append(head)
    assert snapshot(bob.path / ".git") == before
    assert stat.S_IMODE(os.stat(bob.store.path).st_mode) == 0o700
    assert git(f"--git-dir={bob.store.path}", "for-each-ref", "--format=%(refname)").split() == [
        "refs/pm/board",
        "refs/pm/unpublished",
    ]


def test_hooks_of_a_template_and_of_the_configuration_do_not_run(
    make_clone: Callable[..., Clone], tmp_path: Path
) -> None:
    hooks = tmp_path / "template" / "hooks"
    hooks.mkdir(parents=True)
    for name in ("pre-push", "reference-transaction", "post-commit", "pre-auto-gc"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (hooks / name).chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(
        f"[init]\n\ttemplateDir = {tmp_path}/template\n[core]\n\thooksPath = {hooks}\n"
        f"\tfsmonitor = touch {tmp_path}/ran\n"
        f"[push]\n\tfollowTags = true\n\tgpgSign = true\n[fetch]\n\tprune = true\n"
    )
    ann = make_clone("ann", GIT_CONFIG_GLOBAL=str(config))
    ann.append(ann.publish(None))
    assert not (tmp_path / "ran").exists()
    assert ann.fetch()


@pytest.mark.parametrize("name", ["config", "commondir", "objects/info/alternates"])
def test_store_that_came_with_a_repository_is_refused(ann: Clone, tmp_path: Path, name: str) -> None:
    head = ann.publish(None)
    path = Path(ann.store.path, name)
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        file.write(f"[core]\n\tsshCommand = touch {tmp_path}/ran\n[credential]\n\thelper = !touch {tmp_path}/ran\n")
    for action in (ann.fetch, lambda: ann.store.commit(head, {}), lambda: GitStore(ann.store.path).contents(head)):
        with pytest.raises(StoreDamaged, match="was not created by pm"):
            action()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["FETCH_HEAD", "packed-refs", "refs/pm/unpublished", "refs/tags", "objects/17"])
def test_link_out_of_the_store_is_refused(ann: Clone, tmp_path: Path, name: str) -> None:
    ann.publish(None)
    ann.store.close()
    path = Path(ann.store.path, name)
    if path.is_dir():
        path.rename(tmp_path / "moved")
    path.unlink(missing_ok=True)
    (tmp_path / "precious").write_text("precious")
    path.symlink_to(tmp_path / "precious")
    with pytest.raises(StoreDamaged, match="was not created by pm"):
        ann.fetch()
    assert (tmp_path / "precious").read_text() == "precious"


def test_store_that_is_a_link_is_refused(ann: Clone, bob: Clone) -> None:
    bob.publish(None)
    Path(ann.store.path).symlink_to(bob.store.path)
    with pytest.raises(StoreDamaged, match="was not created by pm"):
        ann.fetch()


@pytest.mark.parametrize(
    "ref",
    ["HEAD", "main", "refs/tags/x", "refs/pm/../heads/x", "refs/pm/", "refs/pm/a.lock", "refs/pm/a b", "refs/pm/-x"],
)
def test_other_refs_are_refused(ann: Clone, ref: str) -> None:
    with pytest.raises(GitError, match=r"the ref must be refs/pm/NAME or refs/heads/NAME"):
        ann.fetch(ref)


def test_object_ids_are_checked(ann: Clone) -> None:
    ann.publish(None)
    for wrong in ("HEAD", "--help", "a" * 39, "A" * 40, "a" * 40 + "\n"):
        with pytest.raises(GitError, match="not an object ID"):
            ann.store.contents(wrong)


def test_commit_refuses_what_the_layout_does_not_have(ann: Clone) -> None:
    ann.fetch()
    for path in (
        "README",
        "log/00/00/0.jsonl",
        "log/00/00/00.jsonl/x",
        "log/00/00/00.json",
        "checkpoint/1-x.jsonl",
        "",
    ):
        with pytest.raises(ValueError, match="not a path of the log"):
            ann.store.commit(None, {path: b""})
    with pytest.raises(Malformed, match="larger than 8 MiB"):
        ann.store.commit(None, {git_tree.segment_path(0): b"x" * (8 << 20) + b"x"})


def test_second_sync_waits_or_says_so(tmp_path: Path) -> None:
    with sync_lock(str(tmp_path)), pytest.raises(Busy, match="another sync of this board is running"):
        sync_lock(str(tmp_path), wait=0.05)
    sync_lock(str(tmp_path)).release()


def test_leftovers_of_a_killed_git_are_removed(ann: Clone) -> None:
    head = ann.publish(None)
    store = Path(ann.store.path)
    leftovers = [
        *("refs/pm/board.lock", "refs/pm/unpublished.lock", "shallow.lock", "packed-refs.lock", "HEAD.lock", "gc.pid"),
        "objects/pack/tmp_pack_x",
    ]
    for name in leftovers:
        (store / name).write_text("")
    (store / "../board.git.new/objects").mkdir(parents=True)
    assert ann.fetch() == head
    ann.append(head)
    assert not [name for name in leftovers if (store / name).exists()]


def test_commit_before_the_first_fetch_is_refused(ann: Clone) -> None:
    with pytest.raises(StoreDamaged, match="can't be read: No such file or directory; sync again"):
        ann.store.commit(None, FOUNDED)


def test_interrupted_creation_begins_again(ann: Clone) -> None:
    Path(ann.store.path + ".new", "objects").mkdir(parents=True)
    ann.publish(None)
    assert not os.path.lexists(ann.store.path + ".new")


def test_tidy_packs_many_objects(ann: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    head = ann.publish(None)
    assert not ann.store.tidy()
    for number in range(1, 40):
        head = ann.store.commit(head, {git_tree.segment_path(number): b"%d\n" % number})
    monkeypatch.setattr(git_store, "MANY_LOOSE_OBJECTS", 0)
    assert ann.store.tidy()
    assert len(ann.texts(head)) == 40
    assert "count: 0\n" in git(f"--git-dir={ann.store.path}", "count-objects", "-v") + "\n"
    ann.push(head)


def test_loose_objects_are_read_without_git(ann: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    head = ann.append(ann.publish(None), b"loose\n")
    ann.store.close()
    with monkeypatch.context() as nowhere:
        nowhere.setenv("PATH", "/nowhere")
        assert ann.texts(head)[-1] == b"loose\n"
        ann.store.close()
        newer = ann.store.commit(head, {git_tree.segment_path(2): b"more\n"})
    git(f"--git-dir={ann.store.path}", "gc", "-q", "--prune=now")
    assert ann.texts(newer)[-2:] == [b"loose\n", b"more\n"]


@pytest.mark.parametrize("content", [b"", zlib.compress(b"tree 6\0loose\n"), b"garbage"])
def test_damaged_loose_object_is_refused(ann: Clone, content: bytes) -> None:
    head = ann.append(ann.publish(None), b"loose\n")
    blob = git(f"--git-dir={ann.store.path}", "rev-parse", f"{head}:log/00/00/01.jsonl")
    path = Path(ann.store.path, "objects", blob[:2], blob[2:])
    path.chmod(0o644)
    path.write_bytes(content)
    with pytest.raises((Malformed, StoreDamaged)):
        ann.texts(head)

"""A remote that was tampered with: `pm sync` refuses it with one line, keeps the board, and goes on afterwards."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from projects.sync import git_tree
from projects.sync.git_store import GitStore
from tests.projects.client.conftest import Board, serve
from tests.projects.client.terminals import on_terminal
from tests.projects.sync.repositories import REF, Clone, bare, git


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, new_board: Path) -> Iterator[Board]:
    yield from serve(tmp_path_factory, new_board)


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return bare(tmp_path / "remote.git")


@pytest.fixture
def board(served: Board, new_board: Path, remote: Path) -> Board:
    """A clone whose board, with one item, is published."""
    config = served.repository / ".pm"
    with closing(sqlite3.connect(new_board)) as source, closing(sqlite3.connect(config / "data.db")) as target:
        source.backup(target)
    shutil.rmtree(config / "board.git", ignore_errors=True)
    git("config", "remote.origin.url", str(remote), cwd=served.repository)
    served.project("PONE")
    served.item("PONE", "First")
    result, _ = on_terminal(served.repository, "sync", "enable", "--person", "Ann", typed="y\n")
    assert result.code == 0, result.err
    assert served("sync").document["pending"] == 0
    return served


@pytest.fixture
def mallory(board: Board, remote: Path, tmp_path: Path) -> Iterator[Clone]:
    """A clone that writes whatever it likes."""
    git("clone", "-q", remote, tmp_path / "mallory")
    clone = Clone(tmp_path / "mallory")
    clone.fetch()
    yield clone
    clone.store.close()


def push(store: GitStore, remote: Path, head: str) -> None:
    git(f"--git-dir={store.path}", "push", "-q", "--force", remote, f"{head}:{REF}")


def commit(mallory: Clone, head: str, changes: dict[str, bytes | None]) -> str:
    """Commit any files on top of a head, with plain git."""
    work = mallory.path / "work"
    shutil.rmtree(work, ignore_errors=True)
    place = (f"--git-dir={mallory.store.path}", f"--work-tree={work}")
    work.mkdir()
    env = {"GIT_INDEX_FILE": str(mallory.path / "index")}
    git(*place, "read-tree", head, **env)
    git(*place, "checkout-index", "-a", **env)
    for path, content in changes.items():
        (work / path).unlink(missing_ok=True)
        if content is not None:
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).write_bytes(content)
    git(*place, "add", "-A", ".", cwd=work, **env)
    tree = git(*place, "write-tree", **env)
    return git(*place, "commit-tree", "-p", head, "-m", "x", tree)


CHANGES: dict[str, tuple[Callable[[int], dict[str, bytes | None]], str]] = {
    "a line that is no JSON": (lambda next_: {git_tree.segment_path(next_): b"{\n{}"}, "segment N, line 1: "),
    "bytes that are no text": (lambda next_: {git_tree.segment_path(next_): b"\xff\xfe"}, "not UTF-8"),
    "an empty segment": (lambda next_: {git_tree.segment_path(next_): b""}, "segment N, line 1: "),
    "a huge segment": (lambda next_: {git_tree.segment_path(next_): b" " * (9 << 20)}, "larger than 8192 KiB"),
    "a gap": (lambda next_: {git_tree.segment_path(next_ + 1): b"{}\n"}, "the log lacks log/00/00/0N.jsonl"),
    "a missing segment": (lambda _: {git_tree.segment_path(0): None}, "was rewound or rewritten"),
    "a changed segment": (lambda _: {git_tree.segment_path(0): b"{}\n"}, "was rewound or rewritten"),
    "a newer format": (lambda _: {"format": b"pm board 3\n"}, "a newer version of pm wrote the board"),
    "another board": (
        lambda _: {"board.json": git_tree.board_file(str(uuid.uuid4()))},
        "holds another board:",
    ),
    "an unknown file": (lambda _: {"README": b"x"}, "an unknown file: README"),
    "a wrong checkpoint": (lambda _: {f"checkpoint/1000-{'0' * 64}.jsonl": b"x"}, "the checkpoint is damaged"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_tampered_log_is_refused_with_one_line(name: str, board: Board, mallory: Clone, remote: Path) -> None:
    changes, message = CHANGES[name]
    good = git("rev-parse", REF, cwd=remote)
    segments = len(mallory.store.contents(good).segments)
    push(mallory.store, remote, commit(mallory, good, changes(segments)))
    board.item("PONE", "Made here")
    before = board("sync", "export").out
    refused = board("sync")
    assert refused.code == 1
    assert message.replace("N", f"{segments}") in refused.error["message"]
    assert refused.error["message"].isprintable()
    assert board("sync", "status").document["sync"]["unpublished"] == 1
    assert board("sync", "export").out == before
    assert board("sync", "verify").code == 0
    push(mallory.store, remote, good)  # the host restored the ref
    board.item("PONE", "Made later")
    assert board("sync").document["pending"] == 0


@pytest.mark.parametrize("ahead", [0, 10**9], ids=["of what this clone has applied", "beyond the log"])
def test_checkpoint_that_cannot_be_compared_is_replaced(ahead: int, board: Board, mallory: Clone, remote: Path) -> None:
    position = board("sync", "status").document["sync"]["position"] + ahead
    lie = b'{"position":%d,"state":"%s"}\n' % (position, b"0" * 64)
    path = git_tree.checkpoint_path(position, hashlib.sha256(lie).hexdigest())
    push(mallory.store, remote, commit(mallory, git("rev-parse", REF, cwd=remote), {path: lie}))
    assert board("sync").code == 0
    board.item("PONE", "Published")
    assert board("sync").document["published"] == 1
    [name] = git("ls-tree", "--name-only", f"{REF}:checkpoint", cwd=remote).splitlines()
    position = board("sync", "status").document["sync"]["position"]
    assert name.startswith(f"{position}-")
    board.item("PONE", "Published later")
    assert board("sync").document["published"] == 1  # it was compared, so it stays
    assert git("ls-tree", "--name-only", f"{REF}:checkpoint", cwd=remote) == name


def test_rewound_ref_is_noticed_and_repaired(board: Board, mallory: Clone, remote: Path) -> None:
    old = git("rev-parse", REF, cwd=remote)
    board.item("PONE", "Published")
    assert board("sync").document["published"] == 1
    push(mallory.store, remote, old)
    assert "was rewound or rewritten" in board("sync").error["message"]
    git("update-ref", "-d", REF, cwd=remote)
    assert "is gone from origin" in board("sync").error["message"]
    assert "Published" in board("sync", "export").out
    result, _ = on_terminal(board.repository, "sync", "repair", typed="y\n")
    assert result.code == 0, result.err
    assert board("sync").document["pending"] == 0
    assert git("rev-parse", REF, cwd=remote)


def test_late_request_of_a_sync_that_ended_is_no_error(board: Board, remote: Path) -> None:
    old = git("rev-parse", REF, cwd=remote)
    board.item("PONE", "Published")
    assert board("sync").document["published"] == 1
    late = board.server.api("POST", "sync/apply/", json={"head": old, "followed": old, "publish": True})
    assert late.status_code == 409
    assert late.json()["error"]["message"].startswith("another sync of this board has ended since")
    assert board("sync", "status").document["sync"]["error"] == ""
    assert board("sync").document["pending"] == 0


def test_million_segments_of_one_object_are_refused(board: Board, mallory: Clone, remote: Path) -> None:
    good = git("rev-parse", REF, cwd=remote)
    place = f"--git-dir={mallory.store.path}"
    blob = git(place, "hash-object", "-w", "--stdin", data=json.dumps({}).encode())
    files = "".join(f"100644 blob {blob}\t{number:02}.jsonl\n" for number in range(100))
    inner = git(place, "mktree", data=files.encode())
    for _ in range(2):
        inner = git(place, "mktree", data="".join(f"040000 tree {inner}\t{n:02}\n" for n in range(100)).encode())
    root = git(place, "ls-tree", good)
    lines = [line for line in root.splitlines() if not line.endswith("\tlog")]
    tree = git(place, "mktree", data="\n".join([*lines, f"040000 tree {inner}\tlog", ""]).encode())
    push(mallory.store, remote, git(place, "commit-tree", "-p", good, "-m", "x", tree))
    assert "repeats its segments" in board("sync").error["message"]
    push(mallory.store, remote, good)

"""A tree that is not a board's log is refused with one line."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from projects.sync import git_tree
from projects.sync.exceptions import Malformed, Newer, StoreDamaged
from tests.projects.sync.repositories import FOUNDED, Clone, git

FORMAT, BOARD_FILE = FOUNDED["format"], FOUNDED["board.json"]


@pytest.fixture
def tree(ann: Clone) -> Callable[..., str]:
    """Commit files by `tree({path: content or (mode, object)})` and return the head, ignoring every rule."""
    ann.publish(None)

    def make(files: dict[str, bytes | tuple[str, str]]) -> str:
        lines = [b"commit refs/heads/forged\ncommitter x <x> 1 +0000\ndata 0\n"]
        for path, content in files.items():
            if isinstance(content, tuple):
                lines.append(f"M {content[0]} {content[1]} {path}\n".encode())
            else:
                lines.append(f"M 100644 inline {path}\ndata {len(content)}\n".encode() + content + b"\n")
        store = f"--git-dir={ann.store.path}"
        git(store, "fast-import", "--quiet", "--force", data=b"".join(lines))
        return git(store, "rev-parse", "refs/heads/forged")

    return make


def segments(count: int) -> dict[str, bytes]:
    return {git_tree.segment_path(number): b"%d\n" % number for number in range(count)}


def test_many_segments_are_listed_in_order(ann: Clone, tree: Callable[..., str]) -> None:
    head = tree(FOUNDED | segments(10_102))
    assert git_tree.segment_path(10_101) == "log/01/01/01.jsonl"
    contents = ann.store.contents(head)
    assert [number for number, _ in contents.segments] == list(range(10_102))
    texts = ann.store.blobs([one for _, one in contents.segments])
    assert all(text == b"%d\n" % number for number, text in enumerate(texts))


REFUSED: list[tuple[str, dict[str, bytes | tuple[str, str] | None], str]] = [
    ("file at the top", {"README.md": b"x"}, "the log holds an unknown file: README.md"),
    ("folder at the top", {"a/b": b"x"}, "the log holds an unknown file: a"),
    ("escape sequences", {'"\\033[31m"': b"x"}, r"the log holds an unknown file: \?\[31m"),
    ("project without a board", {"format": None, "src/x": b"x"}, "the ref does not hold a board; it holds src"),
    ("no board file", {"board.json": None}, "the ref does not hold a board"),
    ("other format", {"format": b"pm data 1\n"}, "the ref does not hold a board"),
    ("format without newline", {"format": b"pm board 1"}, "the file format of the log is wrong"),
    ("format with zero", {"format": b"pm board 01\n"}, "the file format of the log is wrong"),
    ("huge format", {"format": b"pm board 1\n" + b" " * 2000}, "larger than 1 KiB"),
    ("format before the first", {"format": b"pm board 0\n"}, "has format 0; this version of pm reads 1 to 2"),
    ("format with a zero", {"format": b"pm board 02\n"}, "the file format of the log is wrong"),
    ("board without an ID", {"board.json": b"{}\n"}, r'must be \{"id": UUID\}'),
    ("board with more", {"board.json": BOARD_FILE[:-2] + b', "x": 1}\n'}, r'must be \{"id": UUID\}'),
    ("board with nesting", {"board.json": b"[" * 1000}, r'must be \{"id": UUID\}'),
    ("gap", {git_tree.segment_path(2): b"x"}, "the log lacks log/00/00/01.jsonl"),
    ("gap between folders", {git_tree.segment_path(100): b"x"}, "the log lacks log/00/00/01.jsonl"),
    (
        "gap in the middle",
        {git_tree.segment_path(10_000): b"x"},
        "the log lacks log/00/00/01.jsonl|the log lacks log/00/01",
    ),
    ("no first segment", {git_tree.segment_path(0): None, "log/00/01/00.jsonl": b"x"}, "the log lacks log/00/00"),
    ("unknown file in the log", {"log/00/00/x": b"x"}, "the log holds an unknown file: log/00/00/x"),
    ("unknown folder in the log", {"log/00/x/00.jsonl": b"x"}, "the log holds an unknown file: log/00/x"),
    ("three digits", {"log/00/00/001.jsonl": b"x"}, "the log holds an unknown file: log/00/00/001.jsonl"),
    (
        "log is a file",
        {git_tree.segment_path(0): None, "log": b"x"},
        "holds a file instead of a folder: log|instead of a folder",
    ),
    (
        "segment is a folder",
        {git_tree.segment_path(0): None, "log/00/00/00.jsonl/x": b"x"},
        "a folder instead of a file",
    ),
    ("checkpoint of no number", {"checkpoint/x-" + "a" * 64 + ".jsonl": b""}, "unknown file: checkpoint/x"),
    ("checkpoint with a sign", {"checkpoint/-1-" + "a" * 64 + ".jsonl": b""}, "unknown file: checkpoint/-1"),
    ("checkpoint of a short digest", {"checkpoint/1-aa.jsonl": b""}, "unknown file: checkpoint/1-aa"),
    (
        "two checkpoints",
        {git_tree.checkpoint_path(1, "a" * 64): b"", git_tree.checkpoint_path(2, "a" * 64): b""},
        "more than one checkpoint",
    ),
    ("too many in a folder", {f"checkpoint/{n}": b"" for n in range(101)}, "more than 100 entries: checkpoint/"),
]


@pytest.mark.parametrize(("changes", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_other_contents_are_refused(
    ann: Clone, tree: Callable[..., str], changes: dict[str, bytes | None], message: str
) -> None:
    head = tree({path: content for path, content in (FOUNDED | changes).items() if content is not None})
    with pytest.raises(Malformed, match=message) as caught:
        ann.store.contents(head)
    assert "\n" not in str(caught.value)


def test_newer_format_is_not_called_a_wrong_one(ann: Clone, tree: Callable[..., str]) -> None:
    head = tree(FOUNDED | {"format": b"pm board 3\n", "future": b"x"})
    with pytest.raises(Newer, match=r"a newer version of pm wrote the board \(format 3\): upgrade pm"):
        ann.store.contents(head)


@pytest.mark.parametrize(
    ("mode", "what"),
    [("120000", "a symbolic link"), ("100755", "an executable file"), ("160000", "a submodule")],
)
def test_other_kinds_of_entries_are_refused(ann: Clone, tree: Callable[..., str], mode: str, what: str) -> None:
    blob = git(f"--git-dir={ann.store.path}", "hash-object", "-w", "--stdin", data=b"/etc/passwd")
    for path in (git_tree.segment_path(0), "format", "log"):
        files = {name: content for name, content in FOUNDED.items() if not name.startswith(path)}
        with pytest.raises(Malformed, match=f"the log holds {what} instead of a f"):
            ann.store.contents(tree(files | {path: (mode, blob)}))


@pytest.mark.parametrize("kind", ["blob", "tree", "tag"])
def test_other_object_than_a_commit_is_refused(ann: Clone, tree: Callable[..., str], kind: str) -> None:
    store, head = f"--git-dir={ann.store.path}", tree(FOUNDED)
    tag = f"object {head}\ntype commit\ntag v1\ntagger x <x> 1 +0000\n\nx\n"
    made = {
        "blob": lambda: git(store, "rev-parse", f"{head}:format"),
        "tree": lambda: git(store, "rev-parse", f"{head}^{{tree}}"),
        "tag": lambda: git(store, "mktag", data=tag.encode()),
    }[kind]()
    with pytest.raises(Malformed, match=f"has a {kind} where it must have a commit: {made}; nothing of it was applied"):
        ann.store.contents(made)
    git(store, "repack", "-q", "-a", "-d", "-k")
    with pytest.raises(Malformed, match=f"has a {kind} where it must have a commit: {made}; nothing of it was applied"):
        ann.store.contents(made)


def test_huge_commit_is_refused(ann: Clone, tree: Callable[..., str]) -> None:
    store, head = f"--git-dir={ann.store.path}", tree(FOUNDED)
    made = git(store, "commit-tree", f"{head}^{{tree}}", data=b"m" * (65 << 10))
    with pytest.raises(Malformed, match="an object of the log is larger than 64 KiB"):
        ann.store.contents(made)


def test_tree_of_repeated_folders_is_refused_at_once(ann: Clone, tree: Callable[..., str]) -> None:
    # Ten levels of a hundred equal folders: 10 ** 20 files in eleven objects.
    store = f"--git-dir={ann.store.path}"
    below = git(store, "hash-object", "-w", "--stdin", data=b"x")
    mode, kind = "100644", "blob"
    for _ in range(10):
        lines = "".join(f"{mode} {kind} {below}\t{number:02}\n" for number in range(100))
        below, mode, kind = git(store, "mktree", data=lines.encode()), "040000", "tree"
    with pytest.raises(Malformed, match=r"instead of a file|unknown file"):
        ann.store.contents(tree({"format": FORMAT, "board.json": BOARD_FILE, "log": ("040000", below)}))


def test_object_larger_than_the_limit_is_not_read(ann: Clone, tree: Callable[..., str]) -> None:
    head = tree(FOUNDED | {git_tree.segment_path(1): b"\0" * ((8 << 20) + 1)})
    ids = [one for _, one in ann.store.contents(head).segments]
    blobs = ann.store.blobs(ids)
    assert next(blobs) == FOUNDED[git_tree.segment_path(0)]
    with pytest.raises(Malformed, match="an object of the log is larger than 8192 KiB"):
        next(blobs)
    assert ann.texts(tree(FOUNDED)) == [FOUNDED[git_tree.segment_path(0)]]


def test_missing_object_is_refused(ann: Clone) -> None:
    head = ann.publish(None, {**FOUNDED, git_tree.segment_path(0): b"%d" % uuid.uuid4().int})
    ((_, segment),) = ann.store.contents(head).segments
    ann.store.close()
    Path(ann.store.path, "objects", segment[:2], segment[2:]).unlink()
    with pytest.raises(StoreDamaged, match=f"board.git lacks the object {segment}; remove it, and sync again"):
        list(ann.store.blobs([segment]))


def test_damaged_object_is_one_clear_line(ann: Clone) -> None:
    head = ann.publish(None)
    ((_, segment),) = ann.store.contents(head).segments
    ann.store.close()
    path = Path(ann.store.path, "objects", segment[:2], segment[2:])
    path.chmod(0o600)
    path.write_bytes(b"damaged")
    with pytest.raises(StoreDamaged, match=r"board\.git (is damaged|lacks the object .*); remove it, and sync again"):
        list(ann.store.blobs([segment]))


def test_segment_paths() -> None:
    assert git_tree.segment_path(0) == "log/00/00/00.jsonl"
    assert git_tree.segment_path(999_999) == "log/99/99/99.jsonl"
    with pytest.raises(ValueError, match="at most 1000000 segments"):
        git_tree.segment_path(1_000_000)

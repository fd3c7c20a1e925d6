"""The block in `info/exclude`: what git makes of it, and what stays of the user's file."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from projects import git_exclude, workspace
from tests.commands import git
from tests.conftest import make_repository
from tests.processes import CHECKOUT, environment

LOCAL = ("data.db", "secret_key", "server.token", "backups/one.db")
SHARED = (".gitignore", "config.toml", "data.json", "remote.json")


def seen(where: Path) -> set[str]:
    """Return the untracked files that `git add -A` takes, by their path below `where`."""
    command = ["git", "-C", str(where), "ls-files", "--others", "--exclude-standard", "-z"]
    output = subprocess.run(command, check=True, env=environment(), capture_output=True).stdout
    return set(filter(None, os.fsdecode(output).split("\0")))


def fill(board: Path) -> None:
    """Give a board the files of a served one."""
    for name in (*LOCAL, *SHARED):
        (board / name).parent.mkdir(parents=True, exist_ok=True)
        (board / name).touch()


def protect(board: Path) -> None:
    """Add the block for `board`, which has no `.gitignore` that helps."""
    fill(board)
    assert workspace.keep_out_of_git(str(board))[1] == ""
    assert workspace.keep_out_of_git(str(board)) == (True, "")


def exclude_of(repository: Path) -> Path:
    return repository / ".git/info/exclude"


def test_board_is_hidden_and_shared_files_are_not(repository: Path) -> None:
    protect(repository / ".pm")
    assert seen(repository) == {f".pm/{name}" for name in SHARED}
    git(repository, "clean", "-fd")
    assert all((repository / ".pm" / name).exists() for name in LOCAL)
    assert not (repository / ".pm/config.toml").exists()


def test_ordinary_add_takes_shared_files(repository: Path) -> None:
    protect(repository / ".pm")
    git(repository, "add", ".pm/config.toml", ".pm/.gitignore", ".pm/data.json")


@pytest.mark.parametrize("folder", ["service", "a b/c", "st*r", "[x]", "q?", "back\\slash", "#hash", "!bang", " ", "ä"])
def test_board_below_the_top_is_hidden(repository: Path, folder: str) -> None:
    protect(repository / folder / ".pm")
    (repository / ".pm").mkdir()
    (repository / ".pm/data.db").touch()  # another user's: the pattern is anchored
    assert seen(repository) == {".pm/data.db", *(f"{folder}/.pm/{name}" for name in SHARED)}


def test_folder_with_a_line_end_is_hidden(repository: Path) -> None:
    protect(repository / "two\nlines" / ".pm")
    assert not [name for name in seen(repository) if "data.db" in name]


def test_two_boards_of_a_repository_have_a_block_each(repository: Path) -> None:
    protect(repository / "a/.pm")
    protect(repository / "b/.pm")
    protect(repository / "a/.pm")
    assert exclude_of(repository).read_bytes().count(git_exclude.BEGIN) == 2
    assert len(seen(repository)) == 2 * len(SHARED)


def test_linked_worktree_shares_the_block(repository: Path, tmp_path: Path) -> None:
    git(repository, "commit", "--allow-empty", "-m", "x")
    git(repository, "worktree", "add", str(tmp_path / "tree"))
    protect(repository / ".pm")
    fill(tmp_path / "tree/.pm")
    assert seen(tmp_path / "tree") == {f".pm/{name}" for name in SHARED}


def test_submodule_has_its_own_block(repository: Path, tmp_path: Path) -> None:
    inner = make_repository(tmp_path / "inner")
    git(inner, "commit", "--allow-empty", "-m", "x")
    git(repository, "-c", "protocol.file.allow=always", "submodule", "add", str(inner), "sub")
    protect(repository / "sub/.pm")
    assert seen(repository / "sub") == {f".pm/{name}" for name in SHARED}
    assert git_exclude.BEGIN in (repository / ".git/modules/sub/info/exclude").read_bytes()
    assert git_exclude.BEGIN not in exclude_of(repository).read_bytes()


def test_separate_git_directory_has_the_block(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--separate-git-dir", str(tmp_path / "elsewhere"), "top")
    protect(tmp_path / "top/.pm")
    assert seen(tmp_path / "top") == {f".pm/{name}" for name in SHARED}


def test_bare_repository_and_plain_folder_need_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "alpha.git")
    before = (tmp_path / "alpha.git/info/exclude").read_bytes()
    for board in (tmp_path / "alpha.git/.pm", tmp_path / "plain/.pm"):
        assert workspace.keep_out_of_git(str(board)) == (False, "")
    assert (tmp_path / "alpha.git/info/exclude").read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"*.log\n",
        b"*.log",
        b"*.log\r\n!keep.log\r\n",
        b"\xef\xbb\xbf*.log\n",
        b"caf\xe9\n\0\n",
        "*.log\n".encode("utf-16"),
        b"!/.pm/data.db\n!*\n",
    ],
)
def test_every_byte_of_the_user_stays(repository: Path, content: bytes) -> None:
    exclude_of(repository).write_bytes(content)
    exclude_of(repository).chmod(0o664)
    inode = exclude_of(repository).stat().st_ino
    protect(repository / ".pm")
    assert exclude_of(repository).read_bytes().startswith(content)
    assert exclude_of(repository).read_bytes().count(git_exclude.BEGIN) == 1
    status = exclude_of(repository).stat()
    assert (stat.S_IMODE(status.st_mode), status.st_ino) == (0o664, inode)
    assert seen(repository) == {f".pm/{name}" for name in SHARED}


def test_block_that_an_editor_gave_other_line_ends_is_recognized(repository: Path) -> None:
    protect(repository / ".pm")
    content = exclude_of(repository).read_bytes().replace(b"\n", b"\r\n")
    exclude_of(repository).write_bytes(content)
    protect(repository / ".pm")
    assert exclude_of(repository).read_bytes() == content
    assert seen(repository) == {f".pm/{name}" for name in SHARED}


@pytest.mark.parametrize("number", range(1, 5))
def test_block_that_lost_a_line_is_added_again(repository: Path, number: int) -> None:
    protect(repository / ".pm")
    lines = git_exclude.block(".pm")
    exclude_of(repository).write_bytes(b"\n".join(lines[:number] + lines[number + 1 :]))
    protect(repository / ".pm")
    assert seen(repository) == {f".pm/{name}" for name in SHARED}


def test_missing_info_folder_is_made_as_readable_as_the_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--template=", "top")
    (tmp_path / "top/.git").chmod(0o750)
    before = os.umask(0o077)
    try:
        protect(tmp_path / "top/.pm")
    finally:
        os.umask(before)
    exclude = exclude_of(tmp_path / "top")
    assert stat.S_IMODE(exclude.parent.stat().st_mode) == 0o750
    assert stat.S_IMODE(exclude.stat().st_mode) == 0o640


@pytest.mark.parametrize("link", ["info/exclude", "info"])
def test_link_is_not_followed_and_named(repository: Path, tmp_path: Path, link: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    path = repository / ".git" / link
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    target = elsewhere if elsewhere.is_file() else elsewhere / "exclude"
    before = target.read_bytes()
    protected, warning = workspace.keep_out_of_git(str(repository / ".pm"))
    assert not protected
    assert "symbolic link" in warning
    assert "/.pm/*" in warning
    assert target.read_bytes() == before


def test_link_to_a_file_with_the_block_is_enough(repository: Path, tmp_path: Path) -> None:
    protect(repository / ".pm")
    exclude_of(repository).rename(tmp_path / "elsewhere")
    exclude_of(repository).symlink_to(tmp_path / "elsewhere")
    assert workspace.keep_out_of_git(str(repository / ".pm")) == (True, "")


def test_link_to_a_file_with_the_lines_of_the_warning_is_enough(repository: Path, tmp_path: Path) -> None:
    exclude_of(repository).rename(tmp_path / "elsewhere")
    exclude_of(repository).symlink_to(tmp_path / "elsewhere")
    warning = workspace.keep_out_of_git(str(repository / ".pm"))[1]
    lines = warning.partition("add these lines yourself: ")[2].split()
    (tmp_path / "elsewhere").write_text("\n".join(lines) + "\n")
    assert workspace.keep_out_of_git(str(repository / ".pm")) == (True, "")


@pytest.mark.parametrize("kind", ["directory", "fifo"])
def test_what_is_not_a_file_is_a_warning(repository: Path, kind: str) -> None:
    exclude_of(repository).unlink()
    os.mkdir(exclude_of(repository)) if kind == "directory" else os.mkfifo(exclude_of(repository))
    assert "can't be changed" in workspace.create(str(repository / ".pm"))
    assert (repository / ".pm/.gitignore").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")
def test_unwritable_file_is_a_warning(repository: Path, tmp_path: Path) -> None:
    for path in (tmp_path, *tmp_path.parents):
        if path.name.startswith(("test_", "pytest-", "popen-")):
            path.chmod(path.stat().st_mode | 0o055)
    (repository / ".pm").mkdir()
    os.chown(repository / ".pm", 65534, 65534)
    # The other user may not be able to read the interpreter's modules: load all of them by another call before.
    code = f"import contextlib, os, sys; sys.path.insert(0, {str(CHECKOUT)!r}); from projects import workspace\n"
    code += f"workspace.create({str(tmp_path / 'other' / '.pm')!r}); os.setuid(65534)\n"
    code += f"print(workspace.create({str(repository / '.pm')!r}))"
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert "info/exclude can't be changed (Permission denied)" in done.stdout
    assert (repository / ".pm/.gitignore").exists()
    assert git_exclude.BEGIN not in exclude_of(repository).read_bytes()


def test_two_starts_at_once_add_one_block(repository: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); from projects import workspace\n"
    code += f"workspace.keep_out_of_git({str(repository / '.pm')!r})"
    processes = [subprocess.Popen([sys.executable, "-c", code], env=environment()) for _ in range(6)]
    assert [process.wait() for process in processes] == [0] * 6
    assert exclude_of(repository).read_bytes().count(git_exclude.BEGIN) == 1


def test_full_disk_leaves_no_half_block(repository: Path) -> None:
    exclude_of(repository).write_bytes(b"#" * 40 + b"\n")
    code = f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); from projects import workspace\n"
    code += "from tests.processes import with_full_disk; with_full_disk()\n"
    code += f"print(workspace.keep_out_of_git({str(repository / '.pm')!r}))"
    env = environment(PYTHONDONTWRITEBYTECODE="1")  # the limit would truncate it
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert "can't be changed" in done.stdout
    assert exclude_of(repository).read_bytes() == b"#" * 40 + b"\n"


def test_lock_of_another_program_holds_nobody_up(repository: Path) -> None:
    with exclude_of(repository).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        protect(repository / ".pm")


def test_large_exclude_file_gets_the_block_once(repository: Path) -> None:
    exclude = exclude_of(repository)
    exclude.parent.mkdir(exist_ok=True)
    lines = b"".join(b"/build/object-%09d\n" % number for number in range(300_000))
    exclude.write_bytes(lines)
    assert len(lines) > 4 << 20
    protect(repository / ".pm")
    assert exclude.read_bytes() == lines + b"\n".join(git_exclude.block(".pm")) + b"\n"


def test_huge_exclude_file_is_left_alone_with_the_reason(repository: Path) -> None:
    exclude = exclude_of(repository)
    exclude.parent.mkdir(exist_ok=True)
    with open(exclude, "wb") as file:
        file.truncate(git_exclude.MAX_BYTES + 1)
    with pytest.raises(git_exclude.ExcludeError, match="it is larger than 64 MiB"):
        git_exclude.protect(str(repository / ".git"), ".pm")
    assert exclude.stat().st_size == git_exclude.MAX_BYTES + 1

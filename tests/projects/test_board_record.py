"""What the record says of a board: it is new, gone, moved or a copy."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from projects import board_record, workspace
from tests.commands import git


def serve(repository: Path, below: str = ".pm") -> Path:
    """Make a board and record it, as a start does."""
    directory = repository / below
    workspace.create(str(directory))
    (directory / "data.db").touch()
    board_record.note(str(directory))
    return directory


def record_of(repository: Path) -> Path:
    return repository / ".git" / board_record.NAME


def entry(repository: Path) -> dict[str, str]:
    return dict(json.loads(record_of(repository).read_text())["../.pm"])


def test_new_board_needs_no_remark(repository: Path) -> None:
    assert board_record.remark(str(repository / ".pm")) == ""
    assert not board_record.is_known(str(repository / ".pm"))
    directory = serve(repository)
    assert board_record.remark(str(directory)) == ""
    assert board_record.is_known(str(directory))


def test_noting_a_known_board_writes_nothing(repository: Path) -> None:
    directory = serve(repository)
    before = record_of(repository).stat()
    board_record.note(str(directory))
    assert record_of(repository).stat() == before


def test_missing_board_is_named_until_a_new_one_is_there(repository: Path) -> None:
    directory = serve(repository)
    (directory / "data.db").unlink()
    assert "is gone" in board_record.remark(str(directory))
    shutil.rmtree(directory)
    assert "is gone" in board_record.remark(str(directory))
    assert board_record.remark(str(serve(repository))) == ""


def test_moved_repository_keeps_its_board_without_a_remark(repository: Path, tmp_path: Path) -> None:
    serve(repository)
    before = entry(repository)
    repository.rename(tmp_path / "moved")
    directory = tmp_path / "moved/.pm"
    assert board_record.remark(str(directory)) == ""
    board_record.note(str(directory))
    assert entry(tmp_path / "moved") == {"id": before["id"], "directory": str(directory)}
    (directory / "data.db").unlink()
    assert "is gone" in board_record.remark(str(directory))


def test_copy_is_named_once_and_gets_its_own_name(repository: Path, tmp_path: Path) -> None:
    serve(repository)
    shutil.copytree(repository, tmp_path / "copy")
    directory = tmp_path / "copy/.pm"
    assert f"is a copy of {repository}/.pm" in board_record.remark(str(directory))
    assert not board_record.is_known(str(directory))
    board_record.note(str(directory))
    assert board_record.remark(str(directory)) == board_record.remark(str(repository / ".pm")) == ""
    assert entry(tmp_path / "copy")["id"] != entry(repository)["id"]


def test_copy_without_its_board_names_where_the_board_is(repository: Path, tmp_path: Path) -> None:
    serve(repository)
    shutil.copytree(repository, tmp_path / "copy", ignore=shutil.ignore_patterns(".pm"))
    assert f"whose board is in {repository}/.pm" in board_record.remark(str(tmp_path / "copy/.pm"))


def test_new_repository_at_the_old_place_of_a_moved_one_makes_no_copy(repository: Path, tmp_path: Path) -> None:
    serve(repository)
    repository.rename(tmp_path / "moved")
    git(tmp_path, "init", "-q", str(repository))
    serve(repository)
    assert board_record.remark(str(tmp_path / "moved/.pm")) == ""


def test_other_name_of_the_same_directory_is_no_copy(repository: Path, tmp_path: Path) -> None:
    serve(repository)
    (tmp_path / "link").symlink_to(repository)
    before = record_of(repository).read_bytes()
    assert board_record.remark(str(tmp_path / "link/.pm")) == ""
    board_record.note(str(tmp_path / "link/.pm"))
    assert record_of(repository).read_bytes() == before


def test_two_boards_of_a_repository_are_distinguished(repository: Path) -> None:
    first, second = serve(repository, "a/.pm"), serve(repository, "b/.pm")
    (second / "data.db").unlink()
    assert board_record.remark(str(first)) == ""
    assert str(second) in board_record.remark(str(second))


def test_bare_repository_has_its_record_in_itself(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "alpha.git")
    directory = serve(tmp_path / "alpha.git")
    (directory / "data.db").unlink()
    assert "is gone" in board_record.remark(str(directory))


def test_folder_without_repository_has_no_record(tmp_path: Path) -> None:
    directory = serve(tmp_path)
    assert board_record.remark(str(directory)) == ""
    assert sorted(os.listdir(tmp_path)) == [".pm"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"null",
        b'{"../.pm": 1}',
        b'{"../.pm": {"id": "a", "directory": "\\u0000"}}',
        b"[" * 99999,
    ],
)
def test_damaged_record_is_no_record(repository: Path, content: bytes) -> None:
    record_of(repository).write_bytes(content)
    assert board_record.remark(str(repository / ".pm")) == ""
    serve(repository)
    assert board_record.is_known(str(repository / ".pm"))


def test_control_characters_of_a_record_reach_no_terminal(repository: Path) -> None:
    content = {"../.pm": {"id": "a", "directory": "/nowhere/\x1b[31m\n.pm"}}
    record_of(repository).write_text(json.dumps(content))
    remark = board_record.remark(str(repository / ".pm"))
    assert "is gone" in remark
    assert remark.isprintable()


def test_link_as_record_is_not_followed(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("mine")
    record_of(repository).symlink_to(tmp_path / "elsewhere")
    serve(repository)
    assert (tmp_path / "elsewhere").read_text() == "mine"
    assert board_record.is_known(str(repository / ".pm"))


def test_path_that_is_not_utf8_is_recorded(tmp_path: Path) -> None:
    repository = tmp_path / os.fsdecode(b"caf\xe9")
    git(tmp_path, "init", "-q", str(repository))
    serve(repository)
    assert board_record.is_known(str(repository / ".pm"))

"""Why a config directory can't be used, and what the two users of it can do about it."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from projects import storage
from tests.file_systems import as_user, in_mounts, interpreter_for_others, needs_root
from tests.processes import CHECKOUT


def refused(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def error_of(path: Path, statement: str) -> sqlite3.Error:
    """Return what SQLite raises for the statement, or for opening the file."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(statement)
    except sqlite3.Error as error:
        return error
    pytest.fail("SQLite raised nothing")


def test_ordinary_directory_is_in_order(tmp_path: Path) -> None:
    assert storage.check(str(tmp_path)) is None
    assert storage.check(str(tmp_path / "not" / "yet")) is None
    assert storage.inaccessible(str(tmp_path)) is None


def test_long_path_names_both_lengths() -> None:
    reason, remedy = storage.check("/" + "a" * 500) or ("", "")
    assert reason == "its path has 501 bytes; SQLite's limit of 504 leaves room for 440"
    assert "PM_CONFIG_DIR" in remedy


def test_own_path_is_made_usable_by_chmod(tmp_path: Path) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()
    assert storage.explain(refused(errno.EACCES), str(folder))[1] == f"grant access: chmod u+rwx '{folder}'"
    (folder / "file").touch()
    assert "chmod u+rw '" in storage.explain(refused(errno.EACCES), str(folder / "file"))[1]


def test_input_output_error_blames_the_file_system(tmp_path: Path) -> None:
    reason, remedy = storage.explain(refused(errno.EIO), str(tmp_path))
    assert reason.startswith("Input/output error from the ")
    assert remedy.endswith(storage.ELSEWHERE)


@needs_root
def test_root_is_never_advised_to_take_a_users_directory(tmp_path: Path) -> None:
    config = tmp_path / ".pm"
    config.mkdir()
    os.chown(config, 12345, 12345)
    said = storage.hand_over(str(config), 12345)
    assert said == "run pm as 12345, or set PM_CONFIG_DIR to a directory that root owns"
    assert storage.hand_over(str(config / "server.log"), 12345) == said


@needs_root
def test_file_of_another_user_in_our_directory_is_taken_back(tmp_path: Path) -> None:
    (tmp_path / ".pm").mkdir()
    path = tmp_path / ".pm" / "server.log"
    assert storage.hand_over(str(path), 12345) == f"take it back: chown -R root {path}"


@needs_root
def test_other_user_sees_both_ways_but_not_to_take_what_is_no_config_directory(tmp_path: Path) -> None:
    python = interpreter_for_others()
    code = "import sys; sys.path.insert(0, sys.argv[1]); from projects import storage; "
    code += "[print(storage.hand_over(path, 0)) for path in sys.argv[2:]]"
    command = " ".join([*as_user(12345), python, "-c", '"$1"', '"${@:2}"'])
    done = in_mounts(command, code, CHECKOUT, "/x/.pm", "/etc")
    assert done.stdout.splitlines() == [
        "if it should be yours: sudo chown -R 12345 /x/.pm; otherwise set PM_CONFIG_DIR to a directory of your own",
        "set PM_CONFIG_DIR to a directory of your own",
    ], done.stderr


def test_damage_is_not_explained_by_the_surroundings(tmp_path: Path) -> None:
    path = tmp_path / "data.db"
    path.write_bytes(b"no database" * 1000)
    error = error_of(path, "SELECT * FROM sqlite_master")
    assert storage.is_damage(error)
    assert storage.explain_sqlite(error, str(path)) is None


def test_path_that_sqlite_can_not_open_is_explained_by_its_length(tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 200) / ("b" * 200)
    folder.mkdir(parents=True)
    path = folder / ("c" * (storage.MAX_DATABASE_PATH - len(str(folder)) - 1))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE a (b)")
    longer = path.with_name(f"{path.name}c")
    error = error_of(longer, "SELECT 1")
    assert not storage.is_damage(error)
    assert storage.explain_sqlite(error, str(longer)) == (
        "its path has 505 bytes; SQLite allows at most 504",
        storage.SHORTER,
    )


def test_ordinary_error_of_a_statement_is_not_explained(tmp_path: Path) -> None:
    error = error_of(tmp_path / "data.db", "SELECT * FROM missing")
    assert storage.explain_sqlite(error, str(tmp_path / "data.db")) is None

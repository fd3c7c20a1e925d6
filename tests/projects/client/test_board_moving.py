"""Steps of moving a board that need no server; test_moving has the journey."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from projects.client import board_moving, remote_board
from projects.client.errors import FileRefused


def test_database_that_a_person_reads_is_not_set_aside(tmp_path: Path) -> None:
    database = tmp_path / "data.db"
    with closing(sqlite3.connect(database)) as writer, closing(sqlite3.connect(database)) as reader:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE t (n)")
        reader.execute("BEGIN").execute("SELECT * FROM t").fetchall()
        with writer:
            writer.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(FileRefused, match="another program has"):
            board_moving._empty_log(str(database), patience=0)
        reader.rollback()
        board_moving._empty_log(str(database))
        assert (tmp_path / "data.db-wal").stat().st_size == 0


def test_name_of_the_database_that_was_moved(tmp_path: Path) -> None:
    for name in ("data.db.moved-1", "data.db.moved-2", "data.db.moved-2-wal", "data.db.moved-2-shm"):
        (tmp_path / name).touch()
    assert board_moving._moved_before(str(tmp_path)).endswith("set aside as data.db.moved-2")


def test_suggestion_replaces_what_a_killed_command_left(tmp_path: Path) -> None:
    (tmp_path / ".remote.json.123.0123abcd.tmp").touch()
    remote_board.write(str(tmp_path), "https://pm.example.org", "b")
    assert [each.name for each in tmp_path.iterdir()] == ["remote.json"]

"""The WAL stays short despite concurrent readers."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.db import connection

from projects.sqlite.base import MAX_LOG, DatabaseWrapper
from tests.processes import scaled

PAGES = 200  # per commit; 0.8 MiB
COMMITS = 60


@pytest.fixture
def database(tmp_path: Path, db: None) -> Iterator[DatabaseWrapper]:
    own = connection.copy()
    own.settings_dict["NAME"] = tmp_path / "data.db"
    own.cursor().execute("CREATE TABLE a (b)")
    yield own
    own.close()


def write(database: DatabaseWrapper) -> None:
    database.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    database.cursor().execute("DELETE FROM a")
    database.cursor().execute(f"INSERT INTO a VALUES (randomblob({PAGES * 4096}))")
    database.commit()
    database.set_autocommit(True)


def length(database: DatabaseWrapper) -> int:
    return Path(f"{database.settings_dict['NAME']}-wal").stat().st_size


@contextmanager
def constant_readers(path: Path) -> Iterator[None]:
    """Read in two threads so that some snapshot is always open, but none for long."""
    over = threading.Event()
    turns = [threading.Semaphore(1), threading.Semaphore(0)]

    def read(number: int) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            while not over.is_set():
                turns[number].acquire(timeout=1)
                reader.execute("BEGIN")
                reader.execute("SELECT count(*) FROM a").fetchone()
                turns[1 - number].release()  # the other thread starts before this one ends
                time.sleep(0.02)
                reader.execute("COMMIT")

    threads = [threading.Thread(target=read, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_log_stays_short_under_constant_readers(database: DatabaseWrapper, tmp_path: Path) -> None:
    longest = 0
    with constant_readers(tmp_path / "data.db"):
        for _ in range(COMMITS):
            write(database)
            longest = max(longest, length(database))
    assert longest < MAX_LOG + 2 * PAGES * 4096


def test_log_of_a_large_transaction_is_given_back(database: DatabaseWrapper) -> None:
    database.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    database.cursor().execute(f"INSERT INTO a VALUES (randomblob({2 * MAX_LOG}))")
    database.commit()
    database.set_autocommit(True)
    assert length(database) <= MAX_LOG


def test_reader_that_stays_holds_up_no_writer_for_long(database: DatabaseWrapper, tmp_path: Path) -> None:
    database.settings_dict["OPTIONS"] = {**database.settings_dict["OPTIONS"], "timeout": 0.2}
    with closing(sqlite3.connect(tmp_path / "data.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM a").fetchone()
        begin = time.monotonic()
        while length(database) < 3 * MAX_LOG:
            write(database)  # must not raise
        assert time.monotonic() - begin < scaled(5)
        reader.execute("COMMIT")
    for _ in range(2):  # the first checkpoints the WAL, the second resets it
        write(database)
    assert length(database) <= MAX_LOG
    (patience,) = database.cursor().execute("PRAGMA busy_timeout").fetchone()
    assert patience == 200

"""Restoring a backup into a database that is open, with kills and with files that are no backups."""

from __future__ import annotations

import io
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from projects.models import Project, User
from projects.transfer import backup, restoring
from tests.projects.sqlite.boards import unpack
from tests.projects.sync.clones import switch

REPLACE = """import sys
from projects.sqlite.replacement import replace
print(flush=True)
replace(*sys.argv[1:])
"""
ROUNDS = 15


@pytest.fixture
def board(new_board: Path, tmp_path: Path, django_db_setup: None, django_db_blocker: Any) -> Iterator[Path]:
    """A board in a file of its own, with the project OLD."""
    path = tmp_path / "board" / "data.db"
    path.parent.mkdir()
    shutil.copy(new_board, path)
    with django_db_blocker.unblock():
        before = connection.settings_dict["NAME"]
        switch(path)
        add("OLD")
        yield path
        connection.close()
        connection.settings_dict["NAME"] = before


def add(key: str) -> Project:
    return Project.objects.create(actor=User.objects.actor("ada", is_agent=False), key=key, title=f"Project {key}")


def keys() -> list[str]:
    return list(Project.objects.order_by("key").values_list("key", flat=True))


def saved() -> bytes:
    with backup.copy() as file:
        return file.read()


def test_restored_board_is_that_of_the_backup_and_the_old_one_is_kept(board: Path) -> None:
    copy = saved()
    add("NEW")
    with closing(sqlite3.connect(board)) as reader:  # of another process
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM projects_project").fetchone() == (2,)
        token = restoring.stage(io.BytesIO(copy))
        found = restoring.look(token)
        assert (found.projects, found.items, found.more) == ([("OLD", "Project OLD", 0)], 0, 0)
        assert found.changed_at is not None
        kept = restoring.apply(token)
        assert reader.execute("SELECT count(*) FROM projects_project").fetchone() == (2,)  # it began before
        reader.execute("COMMIT")
        assert reader.execute("SELECT count(*) FROM projects_project").fetchone() == (1,)
    assert keys() == ["OLD"]
    add("LATER")
    with closing(sqlite3.connect(board)) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with closing(sqlite3.connect(kept)) as file:
        assert file.execute("SELECT key FROM projects_project ORDER BY key").fetchall() == [("NEW",), ("OLD",)]
    assert os.stat(kept).st_mode & 0o777 == 0o600
    with pytest.raises(FileNotFoundError):
        restoring.apply(token)


def test_file_that_is_no_backup_is_refused_and_not_kept(board: Path, tmp_path: Path) -> None:
    copy = saved()
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as file:
        file.execute("CREATE TABLE t (a)")
        file.commit()
    newer = tmp_path / "newer.db"
    newer.write_bytes(copy)
    with closing(sqlite3.connect(newer)) as file:
        file.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '9999_later', '2030-01-01')"
        )
        file.commit()
    for content, why in (
        (b"", "not a backup of pm"),
        (b"no database at all" * 100, "not a usable database"),
        (copy[: len(copy) // 2], "The file is damaged, or cut off"),
        (other.read_bytes(), "not a backup of pm"),
        (newer.read_bytes(), "A newer version of pm wrote the backup"),
    ):
        with pytest.raises(ValidationError, match=why):
            restoring.stage(io.BytesIO(content))
    assert [path.name for path in board.parent.iterdir() if path.name.startswith(".backup")] == []


def test_backup_of_another_page_size_is_restored(board: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    other.write_bytes(saved())
    with closing(sqlite3.connect(other, isolation_level=None)) as file:
        file.execute("PRAGMA page_size = 8192")
        file.execute("VACUUM")
    add("NEW")
    restoring.apply(restoring.stage(io.BytesIO(other.read_bytes())))
    assert keys() == ["OLD"]


def test_backup_of_an_earlier_version_is_migrated(board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live = tmp_path / "live"  # as on a team's server
    live.mkdir()
    monkeypatch.setenv("PM_DATABASE_URL", f"sqlite:///{live}/data.db")
    monkeypatch.setenv("PM_SECRET_KEY", 60 * "k")
    old = tmp_path / "old.db"
    unpack(old)
    token = restoring.stage(io.BytesIO(old.read_bytes()))
    assert [key for key, _, _ in restoring.look(token).projects] == ["DEMO", "OLD"]
    restoring.apply(token)
    assert keys() == ["DEMO", "OLD"]
    assert list(live.iterdir()) == []
    add("LATER")


def test_killed_restore_leaves_the_old_board_or_the_new_one(board: Path, tmp_path: Path) -> None:
    staged, chance = tmp_path / "staged.db", random.Random(9)
    staged.write_bytes(saved())
    with closing(sqlite3.connect(staged)) as file:
        file.execute("PRAGMA journal_mode = DELETE")
        file.execute("UPDATE projects_project SET title = 'New'")
        file.execute("CREATE TABLE filler (content)")
        file.executemany("INSERT INTO filler VALUES (?)", ((chance.randbytes(50_000),) for _ in range(400)))
        file.commit()
    connection.close()
    original = board.read_bytes()
    outcomes = set()
    for number in range(ROUNDS):
        for suffix in ("-wal", "-shm"):
            Path(f"{board}{suffix}").unlink(missing_ok=True)
        board.write_bytes(original)
        env = {**os.environ, "DJANGO_SETTINGS_MODULE": "pmsite.settings"}
        child = subprocess.Popen([sys.executable, "-c", REPLACE, staged, board], stdout=subprocess.PIPE, env=env)
        assert child.stdout is not None
        child.stdout.readline()
        if number:
            time.sleep(chance.uniform(0, 0.12))  # at any moment of the replacement
            child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        with closing(sqlite3.connect(board)) as file:
            assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            ((title,),) = file.execute("SELECT title FROM projects_project").fetchall()
            whole = file.execute("SELECT count(*) FROM sqlite_master WHERE name = 'filler'").fetchone()
        assert (title, whole) in (("Project OLD", (0,)), ("New", (1,)))
        outcomes.add(title)
    assert outcomes == {"Project OLD", "New"}

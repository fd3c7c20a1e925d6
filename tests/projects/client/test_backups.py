from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from tests.processes import Server
from tests.projects.client.conftest import Pm

pytestmark = pytest.mark.slow


def keys(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [key for (key,) in connection.execute("SELECT key FROM projects_project ORDER BY key")]


@pytest.fixture
def config(repository: Path) -> Path:
    return repository / ".pm"


def test_backup_goes_into_the_config_directory_unseen_by_git(server: Server, pm: Pm, config: Path) -> None:
    pm("project", "create", "--key", "PONE", "--title", "First")
    answer = pm("backup").document["backup"]
    path = Path(answer["path"])
    assert path.parent == config / "backups"
    assert (stat.S_IMODE(path.stat().st_mode), path.stat().st_size) == (0o600, answer["bytes"])
    assert keys(path) == ["PONE"]
    assert os.listdir(path.parent) == [path.name]


def test_backup_overwrites_only_with_force(shared_server: Server, shared_pm: Pm, repository: Path) -> None:
    (repository / "mine.db").write_text("precious")
    assert shared_pm("backup", "mine.db").error["code"] == "FILE_REFUSED"
    assert (repository / "mine.db").read_text() == "precious"
    shared_pm("backup", "mine.db", "--force").document  # noqa: B018
    assert keys(repository / "mine.db") == []
    assert stat.S_IMODE((repository / "mine.db").stat().st_mode) == 0o600
    assert shared_pm("backup", str(shared_server.config / "data.db"), "--force").error["code"] == "FILE_REFUSED"


def test_backup_is_restored_and_the_old_data_kept(server: Server, pm: Pm, config: Path) -> None:
    pm("project", "create", "--key", "PONE", "--title", "First")
    pm("backup", "one.db")
    pm("project", "create", "--key", "PTWO", "--title", "Second")
    refused = pm("restore-backup", "one.db").error
    assert (refused["code"], "pm server stop" in refused["message"]) == ("FILE_REFUSED", True)
    server.end()
    answer = pm("restore-backup", "one.db").document["restored"]
    assert keys(Path(answer["kept"])) == ["PONE", "PTWO"]
    assert [row["key"] for row in pm("project", "list", "--start").document["projects"]] == ["PONE"]
    assert stat.S_IMODE((config / "data.db").stat().st_mode) == 0o600


def test_restore_takes_what_was_left_in_the_log_of_a_killed_server(server: Server, pm: Pm, config: Path) -> None:
    pm("backup", "empty.db")
    pm("project", "create", "--key", "PONE", "--title", "First")
    server.end(9)
    kept = Path(pm("restore-backup", "empty.db").document["restored"]["kept"])
    assert keys(kept) == ["PONE"]
    assert keys(config / "data.db") == []
    assert not (config / "data.db-wal").exists()


def test_restore_into_an_empty_directory(shared_pm: Pm, tmp_path: Path) -> None:
    shared_pm("project", "create", "--key", "PONE", "--title", "First")
    shared_pm("backup", str(tmp_path / "one.db"))
    other = str(tmp_path / "new" / ".pm")
    answer = shared_pm("restore-backup", str(tmp_path / "one.db"), "--config-dir", other).document["restored"]
    assert answer["kept"] is None
    assert keys(Path(other) / "data.db") == ["PONE"]


def test_file_that_is_not_a_backup_is_refused(pm: Pm, repository: Path, config: Path) -> None:
    config.mkdir(mode=0o700)
    (config / "data.db").write_text("precious")
    (repository / "text.db").write_text("no database")
    with closing(sqlite3.connect(repository / "other.db")) as connection:
        connection.execute("CREATE TABLE django_migrations (id)")
        connection.commit()
    for name in ("text.db", "other.db", "missing.db", "."):
        assert pm("restore-backup", name).error["code"] == "FILE_REFUSED", name
    assert (config / "data.db").read_text() == "precious"
    assert sorted(name for name in os.listdir(config) if name.startswith("data.db")) == ["data.db"]


def test_damaged_backup_is_refused(server: Server, pm: Pm, repository: Path) -> None:
    pm("backup", "one.db")
    server.end()
    data = bytearray((repository / "one.db").read_bytes())
    data[8192:60000] = os.urandom(60000 - 8192)
    (repository / "one.db").write_bytes(data)
    assert pm("restore-backup", "one.db").error["code"] == "FILE_REFUSED"
    (repository / "one.db").write_bytes(data[:20000])
    assert pm("restore-backup", "one.db").error["code"] == "FILE_REFUSED"

"""`pm doctor` on the config directory: its owner, and whether its database is damaged or unreadable."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import make_repository
from tests.file_systems import as_user, interpreter_for_others, needs_root
from tests.processes import CHECKOUT, Server, environment
from tests.projects.client.conftest import Pm, Result

USER = 12345
Start = Callable[..., Server]


def checks(result: Result) -> dict[str, Any]:
    """Return the findings by name."""
    return {check["name"]: check for check in json.loads(result.out)["checks"]}


@pytest.fixture
def home() -> Iterator[Path]:
    """A repository of another user, where that user can reach it."""
    with tempfile.TemporaryDirectory() as scratch:
        os.chmod(scratch, 0o755)
        repository = make_repository(Path(scratch) / "repository")
        subprocess.run(["chown", "-R", str(USER), str(repository)], check=True)
        yield repository


@pytest.fixture
def as_other(home: Path) -> Pm:
    """Run `pm` as that user."""
    command = [*as_user(USER), interpreter_for_others(), str(CHECKOUT / "manage.py"), "pm"]

    def run(*arguments: str, **env: str | None) -> Result:
        done = subprocess.run(
            [*command, *arguments],
            cwd=home,
            env=environment(HOME=str(home), PYTHONDONTWRITEBYTECODE="1", **env),
            capture_output=True,
            text=True,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return run


@needs_root
def test_directory_of_root_names_both_remedies(home: Path, as_other: Pm) -> None:
    (home / ".pm").mkdir(mode=0o700)
    message = as_other("project", "list").error["message"]
    assert "belongs to another user, root (uid 0)" in message
    assert f"sudo chown -R {USER} {home}/.pm; otherwise set PM_CONFIG_DIR to a directory of your own" in message
    assert f"PM_CONFIG_DIR={home}/.pm" not in message
    assert checks(as_other("doctor"))["directory"]["message"] == message
    named = as_other("init", PM_CONFIG_DIR=str(home / ".pm")).error["message"]
    assert f"Permission denied: {home}/.pm belongs to root (uid 0); if it should be yours: sudo chown" in named


@needs_root
def test_root_is_advised_to_run_as_owner(home: Path, as_other: Pm) -> None:
    from tests.commands import pm

    as_other("init").document  # noqa: B018
    (home / ".pm/server.log").touch()
    for env in ({}, {"PM_CONFIG_DIR": str(home / ".pm")}):
        done = pm(home, "doctor", **env)
        assert "run pm as 12345" in done.stdout
        assert "chown 0" not in done.stdout
        assert "chown -R root" not in done.stdout
    os.chown(home / ".pm/server.log", USER, USER)
    started = pm(home, "server", "start", PM_CONFIG_DIR=str(home / ".pm"))
    assert "server.log belongs to another user, uid 12345; run pm as 12345" in started.stderr


@needs_root
def test_files_that_root_left_are_named_and_taken_back(home: Path, as_other: Pm) -> None:
    as_other("init").document  # noqa: B018
    for name in ("server.log", "server.token", "server.lock"):
        (home / ".pm" / name).touch(mode=0o600)
    check = checks(as_other("doctor"))["permissions"]
    assert check["status"] == "fail"
    for name in ("server.log", "server.token", "server.lock"):
        assert f"{home}/.pm/{name} belongs to root (uid 0)" in check["message"]
    assert check["fix"] == f"take them back: sudo chown -R {USER} {home}/.pm"
    started = as_other("server", "start").error["message"]
    assert "server.log can't be written: Permission denied" in started
    assert f"take it back: sudo chown -R {USER} {home}/.pm/server.log" in started


@needs_root
def test_database_of_another_user_is_unreadable_and_not_damaged(home: Path, as_other: Pm) -> None:
    as_other("init").document  # noqa: B018
    with closing(sqlite3.connect(home / ".pm/data.db")) as connection:
        connection.execute("CREATE TABLE a (b)")
    (home / ".pm/data.db").chmod(0o600)
    check = checks(as_other("doctor"))["database"]
    assert check["status"] == "fail"
    assert "can't be read" in check["message"]
    assert f"{home}/.pm/data.db belongs to root (uid 0)" in check["message"]
    assert "restore-backup" not in json.dumps(check)
    assert check["fix"] == f"take it back: sudo chown -R {USER} {home}/.pm/data.db"


def test_advice_of_doctor_restores_damaged_database(pm: Pm, repository: Path, start_server: Start) -> None:
    server = start_server(repository)
    backup = pm("backup").document["backup"]["path"]
    server.end()
    path = repository / ".pm/data.db"
    data = bytearray(path.read_bytes())
    data[4096:40000] = os.urandom(40000 - 4096)
    path.write_bytes(data)
    result = pm("doctor")
    check = checks(result)["database"]
    assert (result.code, check["status"]) == (1, "fail")
    assert f"{path} is damaged: " in check["message"]
    assert f"pm restore-backup {backup}; it keeps the damaged file" in check["fix"]
    kept = pm("restore-backup", backup).document["restored"]["kept"]
    assert Path(kept).read_bytes() == data
    assert checks(pm("doctor"))["database"]["status"] == "ok"


def test_damaged_database_without_a_backup_names_no_file(pm: Pm, repository: Path) -> None:
    pm("init")
    (repository / ".pm/data.db").write_bytes(b"no database" * 1000)
    check = checks(pm("doctor"))["database"]
    assert "is damaged: file is not a database" in check["message"]
    assert "pm restore-backup FILE" in check["fix"]


def test_database_of_a_newer_version_fails_and_is_not_called_damaged(pm: Pm, board_repository: Path) -> None:
    database = board_repository / ".pm/data.db"
    assert checks(pm("doctor"))["database"]["status"] == "ok"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0999_later', '2030-01-01')"
        )
    found = checks(pm("doctor"))["database"]
    assert found["status"] == "fail"
    assert found["message"] == f"{database} was written by a newer version of pm (projects.0999_later)"
    assert "install that version or a newer one" in found["fix"]


def test_database_with_rows_of_squashed_migrations_is_not_newer(pm: Pm, board_repository: Path) -> None:
    with closing(sqlite3.connect(board_repository / ".pm/data.db")) as connection, connection:
        connection.execute(
            "INSERT INTO django_migrations (id, app, name, applied) "
            "VALUES (-1, 'projects', '0003_before_the_squash', '2020-01-01')"
        )
    assert checks(pm("doctor"))["database"]["status"] == "ok"

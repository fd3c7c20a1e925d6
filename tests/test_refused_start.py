"""A start that can not be: one clear line."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from tests.commands import refusal
from tests.file_systems import needs_root
from tests.processes import Server, with_full_disk, without_override

Start = Callable[..., Server]


def test_broken_config_is_one_line(repository: Path, start_server: Start) -> None:
    (repository / ".pm").mkdir()
    (repository / ".pm" / "config.toml").write_text("[server]\nprot = 1\n")
    assert "did you mean server.port?" in refusal(start_server(repository, ready=False))


def test_unwritable_directory_is_one_line(repository: Path, start_server: Start) -> None:
    (repository / ".pm").mkdir()
    (repository / ".pm").chmod(0o500)
    server = start_server(repository, ready=False, preexec=without_override, PM_CONFIG_DIR=str(repository / ".pm"))
    repository.chmod(0o500)
    line = refusal(server)
    repository.chmod(0o700)
    assert "can't be" in line or "not writable" in line.lower()


def test_full_disk_is_one_line(repository: Path, start_server: Start) -> None:
    # Without .pyc files: the limit would leave cut ones behind.
    server = start_server(repository, ready=False, preexec=with_full_disk, PYTHONDONTWRITEBYTECODE="1")
    assert refusal(server)


def test_database_that_is_none_is_one_line(repository: Path, start_server: Start) -> None:
    (repository / ".pm").mkdir()
    (repository / ".pm" / "data.db").write_bytes(b"this is no database" * 100)
    assert "can't be migrated" in refusal(start_server(repository, ready=False))


@needs_root
def test_database_of_another_user_is_named_with_its_owner(repository: Path, start_server: Start) -> None:
    start_server(repository).end()
    path = repository / ".pm/data.db"
    os.chown(path, 12345, 12345)
    line = refusal(start_server(repository, ready=False, preexec=without_override))
    assert f"{path} belongs to uid 12345; take it back: chown -R root {path}" in line


@needs_root
def test_lock_of_another_user_is_named_with_its_owner(repository: Path, start_server: Start) -> None:
    start_server(repository).end()
    path = repository / ".pm/server.lock"
    os.chown(path, 12345, 12345)
    line = refusal(start_server(repository, ready=False, preexec=without_override))
    assert f"{path} belongs to uid 12345" in line


def test_database_of_a_newer_version_is_refused(repository: Path, start_server: Start) -> None:
    start_server(repository).end()
    with sqlite3.connect(repository / ".pm" / "data.db") as database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '9999_later', '2030-01-01')"
        )
    database.close()
    assert "newer version (projects.9999_later)" in refusal(start_server(repository, ready=False))


def test_migration_that_fails_is_one_line(repository: Path, start_server: Start) -> None:
    (repository / ".pm").mkdir()
    with sqlite3.connect(repository / ".pm" / "data.db") as database:
        database.execute("CREATE TABLE projects_user (id INTEGER)")
    database.close()
    assert "can't be migrated" in refusal(start_server(repository, ready=False))


def test_misspelt_variable_is_warned_of(repository: Path, start_server: Start) -> None:
    server = start_server(repository, PM_SERVER_PROT="5000")
    assert "did you mean PM_SERVER_PORT?" in server.end()[1]


def test_git_that_hangs_is_waited_for_once(repository: Path, start_server: Start, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    git = tmp_path / "bin/git"
    git.write_text(f"#!/bin/sh\necho >> {tmp_path}/calls\nsleep 60\n")
    git.chmod(0o755)
    start_server(repository, PATH=f"{tmp_path}/bin:{os.environ['PATH']}")
    assert (tmp_path / "calls").read_text().count("\n") == 1

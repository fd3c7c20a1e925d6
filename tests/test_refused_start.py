"""A start that can not be: one clear line."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from discovery.exclusive_start import START_PATIENCE
from tests.commands import refusal
from tests.file_systems import needs_root
from tests.processes import Server, scaled, with_full_disk, without_override

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


def test_invalid_database_is_one_line(repository: Path, start_server: Start) -> None:
    (repository / ".pm").mkdir()
    (repository / ".pm" / "data.db").write_bytes(b"this is no database" * 100)
    assert "can't be migrated" in refusal(start_server(repository, ready=False))


@needs_root
@pytest.mark.usefixtures("board_repository")
def test_database_of_another_user_is_named_with_its_owner(repository: Path, start_server: Start) -> None:
    start_server(repository).end()
    path = repository / ".pm/data.db"
    os.chown(path, 12345, 12345)
    line = refusal(start_server(repository, ready=False, preexec=without_override))
    assert f"{path} belongs to uid 12345; take it back: chown -R root {path}" in line


@needs_root
@pytest.mark.usefixtures("board_repository")
def test_lock_of_another_user_is_named_with_its_owner(repository: Path, start_server: Start) -> None:
    start_server(repository).end()
    path = repository / ".pm/server.lock"
    os.chown(path, 12345, 12345)
    line = refusal(start_server(repository, ready=False, preexec=without_override))
    assert f"{path} belongs to uid 12345" in line


@pytest.mark.usefixtures("board_repository")
def test_database_of_a_newer_version_is_refused(repository: Path, start_server: Start) -> None:
    start_server(repository).end()
    with sqlite3.connect(repository / ".pm" / "data.db") as database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '9999_later', '2030-01-01')"
        )
    database.close()
    assert "newer version (projects.9999_later)" in refusal(start_server(repository, ready=False))


def test_failed_migration_is_one_line(repository: Path, start_server: Start) -> None:
    (repository / ".pm").mkdir()
    with sqlite3.connect(repository / ".pm" / "data.db") as database:
        database.execute("CREATE TABLE projects_user (id INTEGER)")
    database.close()
    assert "can't be migrated" in refusal(start_server(repository, ready=False))


@pytest.mark.usefixtures("board_repository")
def test_misspelt_variable_warns(repository: Path, start_server: Start) -> None:
    server = start_server(repository, PM_SERVER_PROT="5000")
    assert "did you mean PM_SERVER_PORT?" in server.end()[1]


@pytest.mark.usefixtures("board_repository")
def test_hanging_git_is_awaited_once(repository: Path, start_server: Start, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    git = tmp_path / "bin/git"
    git.write_text(f"#!/bin/sh\necho >> {tmp_path}/calls\nsleep 60\n")
    git.chmod(0o755)
    start_server(repository, PATH=f"{tmp_path}/bin:{os.environ['PATH']}")
    assert (tmp_path / "calls").read_text().count("\n") == 1


@pytest.mark.usefixtures("board_repository")
def test_hard_linked_lock_is_refused_at_once(repository: Path, start_server: Start) -> None:
    start_server(repository)
    copy = repository.parent / "copy"
    copy.mkdir()
    subprocess.run(["cp", "-al", str(repository / ".pm"), str(copy / ".pm")], check=True)
    (copy / ".pm/server.json").unlink()
    begin = time.monotonic()
    line = refusal(start_server(copy, ready=False, PM_CONFIG_DIR=str(copy / ".pm")))
    assert "shares files with another directory through hard links" in line
    assert time.monotonic() - begin < scaled(START_PATIENCE / 2)


@pytest.mark.usefixtures("board_repository")
def test_read_only_database_is_named_with_the_remedy(repository: Path, start_server: Start) -> None:
    start_server(repository).end()
    path = repository / ".pm/data.db"
    path.chmod(0o400)
    line = refusal(start_server(repository, ready=False, preexec=without_override))
    assert line == f"error: {path} can't be used: Permission denied; grant access: chmod u+rw {path}"


@needs_root
@pytest.mark.usefixtures("board_repository")
def test_immutable_database_is_named_with_the_remedy(repository: Path, start_server: Start) -> None:
    start_server(repository).end()
    path = repository / ".pm/data.db"
    if subprocess.run(["chattr", "+i", str(path)], capture_output=True).returncode:
        pytest.skip("this file system knows no immutable files")
    try:
        line = refusal(start_server(repository, ready=False))
    finally:
        subprocess.run(["chattr", "-i", str(path)], check=True)
    assert line.endswith(f"its mode allows it, so it may be immutable: chattr -i {path}")


@pytest.mark.parametrize("mebibytes", [50, 70, 90, 110])
def test_start_with_too_little_memory_is_one_line_or_works(
    repository: Path, start_server: Start, mebibytes: int
) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (mebibytes << 20, mebibytes << 20))

    server = start_server(repository, ready=False, preexec=limit)
    assert server.process.stdout is not None
    if not server.process.stdout.readline():
        assert server.end()[0] in (1, -signal.SIGSEGV)
        assert "Traceback" not in server.end()[1]

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.postgres.databases import ON_POSTGRES, TEMPLATE, copied
from tests.processes import Server, environment

LONG_TESTS, SLOW_TESTS, SQLITE_TESTS = (
    Path(__file__).with_name(f"{kind}_tests.txt") for kind in ("long", "slow", "sqlite")
)
POSTGRES_TESTS = "tests/projects/postgres/"
DATABASES = {"db", "transactional_db", "team_database", "make_board_clone"}  # fixtures
LOCAL_SERVERS = {"start_server", "server_of_all", "shared_host", "new_board"}  # their board is a file


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A fresh git repository."""
    return make_repository(tmp_path / "repository")


@pytest.fixture
def start_server() -> Iterator[Callable[..., Server]]:
    """Start servers by `start_server(directory, *arguments, **environment)`; all are ended afterwards."""
    servers: list[Server] = []

    def start(directory: Path, *arguments: str, ready: bool = True, **options: Any) -> Server:
        server = Server(directory, *arguments, **options)
        servers.append(server)
        return server.ready() if ready else server

    yield start
    for server in servers:
        if server.process.poll() is None and not server.info:
            server.process.kill()
        server.end()


@pytest.fixture(scope="session")
def new_board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database that a first start creates."""

    def make(board: Path) -> None:
        server = Server(make_repository(tmp_path_factory.mktemp("new") / "repository")).ready()
        assert server.end()[0] == 0
        shutil.move(server.config / "data.db", board)

    return made_once(tmp_path_factory, "new_board.db", make)


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_blocker: Any,
) -> None:
    """Give Django's test database the tables of a new board, instead of migrating it again."""
    with django_db_blocker.unblock():
        connection.close()
        if ON_POSTGRES:
            connection.settings_dict["NAME"] = copied(TEMPLATE)
            return
        path = connection.creation._get_test_db_name()
        shutil.copy(request.getfixturevalue("new_board"), path)
        connection.settings_dict["NAME"] = path


@pytest.fixture
def board_repository(repository: Path, new_board: Path) -> Path:
    """A repository with a new board, on which a start has nothing to migrate: it takes half as long."""
    add_board(repository, new_board)
    return repository


@pytest.fixture
def server(board_repository: Path, start_server: Callable[..., Server]) -> Server:
    """A running server of `repository`."""
    return start_server(board_repository)


class SharedServer:
    """A server for many tests, each of which finds a new board on it."""

    def __init__(self, new_board: Path, new_directory: Callable[[str], Path]) -> None:
        self._new_board, self._new_directory = new_board, new_directory
        self._server: Server | None = None

    def with_new_board(self) -> Server:
        """Empty the board; start another server if a test has ended the last one."""
        if self._server is None or self._server.process.poll() is not None:
            repository = make_repository(self._new_directory("shared") / "repository")
            add_board(repository, self._new_board)
            self._server = Server(repository).ready()
        else:
            source, board = sqlite3.connect(self._new_board), sqlite3.connect(self._server.config / "data.db")
            with closing(source), closing(board):
                source.backup(board)
        return self._server

    def end(self) -> None:
        if self._server is not None:
            self._server.end()


@pytest.fixture(scope="session")
def server_of_all(new_board: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedServer]:
    shared = SharedServer(new_board, tmp_path_factory.mktemp)
    yield shared
    shared.end()


@pytest.fixture
def shared_server(server_of_all: SharedServer) -> Server:
    """A running server with a new board; other tests use the same process before and afterwards."""
    return server_of_all.with_new_board()


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a file that `make` writes, which takes seconds, so all processes of xdist share one."""
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    path = folder / name
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            part = path.with_suffix(".part")
            part.unlink(missing_ok=True)
            make(part)
            part.rename(path)
    return path


def add_board(repository: Path, new_board: Path) -> None:
    (repository / ".pm").mkdir(mode=0o700)
    shutil.copy(new_board, repository / ".pm" / "data.db")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests in `long_tests.txt` as long, and those in `slow_tests.txt` or that use a server as slow.

    On PostgreSQL, keep only those that use Django's database or a team's server, without those in `sqlite_tests.txt`.
    """
    left_out = [item for item in items if not _is_for_engine(item)]
    if left_out:
        items[:] = [item for item in items if item not in set(left_out)]
        config.hook.pytest_deselected(items=left_out)
    long, slow = listed(LONG_TESTS), listed(SLOW_TESTS)
    for item in items:
        name = item.nodeid.partition("[")[0]
        if name in long:
            item.add_marker("long")
        starts = {"start_server", "server_of_all", "shared_host", "pm"} & set(getattr(item, "fixturenames", ()))
        if starts or {name, name.partition("::")[0]} & {*slow, *long}:
            item.add_marker("slow")


_sqlite: list[str] = []


def _is_for_engine(item: pytest.Item) -> bool:
    """Return True if the test runs on the engine of this run."""
    if not ON_POSTGRES:
        return not item.nodeid.startswith(POSTGRES_TESTS)
    if not _sqlite:
        _sqlite.extend(name for line in listed(SQLITE_TESTS) if (name := line.partition("  ")[0]))
    fixtures = set(getattr(item, "fixturenames", ()))
    if LOCAL_SERVERS & fixtures or not (DATABASES & fixtures or item.get_closest_marker("django_db")):
        return False
    name = item.nodeid.partition("[")[0]
    return not any(name == each or name.startswith((f"{each}/", f"{each}::")) for each in _sqlite)


def listed(path: Path) -> set[str]:
    """Return the tests, or files of tests, that a list names."""
    return {line for line in path.read_text().splitlines() if not line.startswith("#")}


def make_repository(path: Path) -> Path:
    path.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(path)], check=True, env=environment())
    return path


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run of CI that skipped something: there everything is installed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

"""The whole product on real repositories: servers, clients, worktrees, kills, hostile clones."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import stat
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.commands import answer, error, git, pm
from tests.conftest import make_repository
from tests.processes import Server, gone, poll, scaled

Start = Callable[..., Server]


@pytest.mark.usefixtures("board_repository")
def test_server_publishes_serves_and_withdraws(repository: Path, start_server: Start) -> None:
    server = start_server(repository)
    published = json.loads(server.port_file.read_text())
    assert (published["pid"], published["host"]) == (server.pid, "127.0.0.1")
    assert 1024 <= published["port"] <= 65535
    assert published["root"] == str(repository)
    assert pm(repository, "project", "list", "--pretty").stdout == '{\n  "projects": [],\n  "next": null\n}\n'
    assert server.end(signal.SIGTERM)[0] == 0
    assert not server.port_file.exists()
    assert not (server.config / "server.token").exists()
    failed = error(repository, "project", "list", status=3)
    assert failed["code"] == "NO_SERVER"
    assert str(repository / ".pm") in failed["message"]


def test_two_repositories_see_only_their_own(tmp_path: Path, start_server: Start) -> None:
    first, second = make_repository(tmp_path / "first"), make_repository(tmp_path / "second")
    servers = start_server(first), start_server(second)
    assert servers[0].info["port"] != servers[1].info["port"]
    answer(first, "project", "create", "--key", "ONE", "--title", "First")
    answer(second, "project", "create", "--key", "TWO", "--title", "Second")
    assert [project["key"] for project in answer(first, "project", "list")["projects"]] == ["ONE"]
    assert [project["key"] for project in answer(second, "project", "list")["projects"]] == ["TWO"]
    # The token of one opens nothing of the other.
    headers = {"Authorization": f"Bearer {servers[0].token}"}
    assert servers[1].request("GET", "/api/v1/projects/", headers=headers).status_code == 401


def test_subfolder_and_linked_worktree_share_the_board(repository: Path, server: Server, tmp_path: Path) -> None:
    answer(repository, "project", "create", "--key", "ONE", "--title", "One")
    below = repository / "a" / "b"
    below.mkdir(parents=True)
    git(repository, "add", "-f", ".pm/.gitignore")
    git(repository, "commit", "-qm", "board")
    git(repository, "worktree", "add", "-q", str(tmp_path / "linked"))
    assert (tmp_path / "linked" / ".pm" / ".gitignore").exists()
    for directory in (below, tmp_path / "linked"):
        assert answer(directory, "project", "get", "one")["project"]["key"] == "ONE"


def test_second_start_names_url_and_pid(repository: Path, server: Server, start_server: Start) -> None:
    code, err = start_server(repository, ready=False).end()
    assert code == 1
    assert server.url in err
    assert str(server.pid) in err


def test_files_are_private_under_any_umask(repository: Path, start_server: Start) -> None:
    server = start_server(repository, preexec=lambda: os.umask(0) and None)
    answer(repository, "project", "create", "--key", "ONE", "--title", "One")
    assert stat.S_IMODE(server.config.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in server.config.iterdir()}
    assert {"data.db", "data.db-wal", "secret_key", "server.json", "server.token", "server.lock"} <= set(modes)
    assert not {name: oct(mode) for name, mode in modes.items() if mode & 0o077}


def test_start_after_killed_master_and_workers_keeps_data(
    repository: Path, server: Server, start_server: Start
) -> None:
    answer(repository, "project", "create", "--key", "ONE", "--title", "One")
    workers = server.workers()
    os.kill(workers[0], signal.SIGKILL)
    assert answer(repository, "project", "list")["projects"]
    server.process.kill()
    server.process.wait()
    call = pm(repository, "project", "list")
    assert call.returncode == 3
    assert "stale" in call.stderr
    assert json.loads(call.stderr.splitlines()[-1])["error"]["code"] == "NO_SERVER"
    start_server(repository)
    assert [project["key"] for project in answer(repository, "project", "list")["projects"]] == ["ONE"]
    assert all(gone(worker) for worker in workers)


@pytest.mark.slow
def test_parallel_first_starts_make_one_board(repository: Path) -> None:
    servers = [Server(repository) for _ in range(6)]
    lines = {server: server.process.stdout.readline() for server in servers if server.process.stdout}
    winners = [server for server, line in lines.items() if line]
    assert len(winners) == 1
    winner = winners[0]
    winner.info = json.loads(lines[winner])
    for server in servers:
        if server is not winner:
            code, err = server.end()
            assert code == 1
            assert winner.info["url"] in err
    assert answer(repository, "project", "list")["projects"] == []
    assert winner.end()[0] == 0
    assert sorted(path.name for path in winner.config.iterdir()) == [
        *(".gitignore", "data.db", "secret_key", "server.lock", "write.lock"),
    ]


def test_git_clean_stops_server_with_a_reason(repository: Path, server: Server) -> None:
    git(repository, "clean", "-fdX")
    assert not (server.config / "data.db").exists()
    code, err = server.end(0, timeout=scaled(6))
    assert code == 1
    assert "data.db was deleted or replaced" in err.strip().splitlines()[-1]
    assert not server.port_file.exists()


def test_deleted_database_is_503_until_server_stops(repository: Path, server: Server) -> None:
    (server.config / "data.db").unlink()
    token = server.token
    response = server.request("GET", "/api/v1/projects/", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "UNAVAILABLE"
    assert server.end(0, timeout=scaled(6))[0] == 1


@pytest.mark.parametrize(
    "make", [os.pipe, lambda: [one.detach() for one in socket.socketpair()]], ids=["pipe", "socket"]
)
@pytest.mark.usefixtures("board_repository")
def test_unread_log_blocks_nothing(repository: Path, start_server: Start, make: Callable[[], Iterable[int]]) -> None:
    reading, writing = make()
    os.set_blocking(writing, False)
    for size in (4096, 1):
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writing, b"\0" * size)
    os.set_blocking(writing, True)
    streams = {"stderr": writing, "PYTHONUNBUFFERED": None}
    server = start_server(repository, **streams)
    second = start_server(repository, ready=False, **streams)
    assert second.process.wait(timeout=scaled(15)) == 1
    for worker in server.workers():
        os.kill(worker, signal.SIGKILL)  # of which the master has something to say
        poll(lambda pid=worker: gone(pid))
    assert server.workers()
    assert server.api("GET", "projects/").status_code == 200
    server.send(signal.SIGTERM)
    assert server.process.wait(timeout=scaled(15)) == 0
    assert not server.port_file.exists()
    assert os.get_blocking(writing), "its other holders can still wait"
    os.close(reading)
    os.close(writing)


def test_deleted_directory_stops_server(repository: Path, server: Server) -> None:
    shutil.rmtree(server.config)
    code, err = server.end(0, timeout=scaled(6))
    assert code == 1
    assert len(err.strip().splitlines()[-1]) > 20
    assert not server.config.exists()


def test_moved_repository_stops_server_and_can_be_served(
    repository: Path, server: Server, start_server: Start, tmp_path: Path
) -> None:
    answer(repository, "project", "create", "--key", "ONE", "--title", "One")
    repository.rename(tmp_path / "moved")
    assert server.end(0, timeout=scaled(6))[0] == 1
    again = start_server(tmp_path / "moved")
    assert again.info["root"] == str(tmp_path / "moved")
    assert answer(tmp_path / "moved", "project", "list")["projects"][0]["key"] == "ONE"


def test_first_migration_is_atomic(repository: Path, start_server: Start) -> None:
    path = repository / ".pm" / "data.db"

    def applied() -> int:
        """Return how many migrations another reader sees, which is what a kill at this moment would leave."""
        try:
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
                return int(database.execute("SELECT count(*) FROM django_migrations").fetchone()[0])
        except sqlite3.OperationalError:
            return 0

    seen: set[int] = set()
    server = start_server(repository, ready=False)
    poll(lambda: seen.add(applied()) or server.port_file.exists())
    assert seen - {applied()} == {0}
    server.ready()


@pytest.mark.usefixtures("board_repository")
def test_published_address_is_literal_where_localhost_is_ipv6(repository: Path, start_server: Start) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    server = start_server(repository, "--host", "::1")
    assert server.info["url"] == f"http://[::1]:{server.info['port']}"
    assert answer(repository, "project", "list")["projects"] == []


@pytest.mark.parametrize("path", ["/health", "/ready", "/", "/admin/login/", "/api/v1/projects/"])
def test_foreign_cookies_change_no_answer(shared_server: Server, path: str) -> None:
    headers = {"Authorization": f"Bearer {shared_server.token}"}
    without = shared_server.request("GET", path, headers=headers)
    loaded = shared_server.request("GET", path, headers={**headers, "Cookie": f"other={'a' * 16_384}"})
    assert (loaded.status_code, len(loaded.content)) == (without.status_code, len(without.content))


def test_cookies_of_a_board_end_with_its_session(shared_server: Server) -> None:
    link = shared_server.api("POST", "login-links/").json()["url"]
    cookies = {cookie.name.rpartition("_")[0]: cookie for cookie in shared_server.request("GET", link).cookies}
    assert cookies.keys() >= {"pm_csrf", "pm_session"}
    for cookie in cookies.values():
        assert cookie.expires is not None
        assert cookie.expires - time.time() <= 14 * 24 * 3600

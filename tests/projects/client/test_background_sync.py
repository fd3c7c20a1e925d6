"""A server synchronizes its board at the interval of the clone."""

from __future__ import annotations

import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import add_board, make_repository
from tests.processes import DEADLINE, Server, children, gone, poll, scaled
from tests.projects.client.conftest import Board, serve
from tests.projects.client.terminals import join
from tests.projects.sync.repositories import REF, git

pytestmark = pytest.mark.slow


@pytest.fixture
def board(tmp_path_factory: pytest.TempPathFactory, new_board: Path, remote: Path) -> Iterator[Board]:
    for made in serve(tmp_path_factory, new_board):
        share(made, remote)
        yield made


def share(board: Board, remote: Path) -> None:
    """Join a board through the remote, with an interval below the one that the command accepts."""
    git("config", "remote.origin.url", str(remote), cwd=board.repository)
    board.project("PONE")
    join(board, "Ann", "--interval", "10s")
    with closing(sqlite3.connect(board.repository / ".pm" / "data.db")) as database, database:
        database.execute("UPDATE projects_syncboard SET interval = 1")


def status(board: Board) -> Any:
    return board("sync", "status").document["sync"]


def descendants(pid: int) -> list[int]:
    return [one for child in children(pid) for one in (child, *descendants(child))]


def running(board: Board, program: str) -> list[int]:
    """Return the pids of the server's descendants that run a program."""
    pids = descendants(board.server.pid)
    return [pid for pid in pids if program in Path(f"/proc/{pid}/cmdline").read_text().split("\0")]


def test_server_syncs_at_the_interval_and_survives_a_failing_remote(board: Board, remote: Path) -> None:
    poll(lambda: status(board)["unpublished"] == 0, DEADLINE, "the first sync")
    moved = remote.rename(remote.with_name("moved.git"))
    board.item("PONE")
    poll(lambda: "the remote origin can't be reached" in status(board)["error"], DEADLINE, "the error")
    assert status(board)["unpublished"] == 1
    moved.rename(remote)
    poll(lambda: status(board)["unpublished"] == 0, 2 * DEADLINE, "the sync after the failed one")
    assert status(board)["error"] == ""


def test_background_sync_lets_an_idle_server_stop(tmp_path: Path, new_board: Path, remote: Path) -> None:
    repository = make_repository(tmp_path / "repository")
    add_board(repository, new_board)
    server = Server(repository, PM_SERVER_IDLE_TIMEOUT="6").ready()
    try:
        share(Board(repository, server), remote)
        poll(lambda: REF in git("for-each-ref", cwd=remote), DEADLINE, "the first sync")
        assert server.process.wait(4 * DEADLINE) == 0
    finally:
        server.end()


def test_stop_ends_a_sync_that_hangs_and_is_not_delayed(board: Board) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/board.git"
        git("config", "remote.origin.url", url, cwd=board.repository)
        (sync,) = poll(lambda: running(board, "sync") if running(board, "git") else [], DEADLINE, "git")
        pids = [sync, *descendants(sync)]
        assert Path(f"/proc/{sync}/stat").read_text().rpartition(")")[2].split()[4] == "0"  # no terminal
        started = time.monotonic()
        assert board.server.end()[0] == 0
        assert time.monotonic() - started < scaled(2.0)  # without a sync it takes up to one second
        poll(lambda: all(map(gone, pids)), DEADLINE, "the end of the sync")

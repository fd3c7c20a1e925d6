"""A server synchronizes its board at the interval of the clone."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from tests.processes import DEADLINE, poll
from tests.projects.client.conftest import Board
from tests.projects.client.test_board_sync import ann, bob, boards, join, remote, servers  # noqa: F401 -- fixtures
from tests.projects.sync.repositories import git

pytestmark = pytest.mark.slow


def status(board: Board) -> Any:
    return board("sync", "status").document["sync"]


def test_server_syncs_at_the_interval_and_survives_a_failing_remote(ann: Board, remote: Path) -> None:  # noqa: F811
    ann.project("PONE")
    join(ann, "Ann", "--interval", "1s")
    poll(lambda: status(ann)["unpublished"] == 0, what="the first sync", timeout=2 * DEADLINE)
    moved = remote.rename(remote.with_name("moved.git"))
    ann.item("PONE")
    poll(lambda: "the remote origin can't be reached" in status(ann)["error"], what="the error", timeout=2 * DEADLINE)
    assert status(ann)["unpublished"] == 1
    moved.rename(remote)
    poll(lambda: status(ann)["unpublished"] == 0, what="the next sync", timeout=4 * DEADLINE)
    poll(lambda: status(ann)["error"] == "", what="the end of the error", timeout=2 * DEADLINE)


def test_stop_ends_a_sync_that_hangs(bob: Board, remote: Path) -> None:  # noqa: F811
    join(bob, "Bob", "--interval", "1s")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/board.git"
        git("config", "remote.origin.url", url, cwd=bob.repository)
        poll(lambda: children_of(bob.server.process.pid, "git"), what="git", timeout=2 * DEADLINE)
        (sync,) = children_of(bob.server.process.pid, "pm")
        started = time.monotonic()
        bob.server.end()
        assert time.monotonic() - started < 1.0 + 1.0  # a server without a sync needs up to a second
        poll(lambda: not os.path.exists(f"/proc/{sync}"), what="the end of the sync")

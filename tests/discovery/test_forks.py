"""Workers use no connection, pool or cache client that the master opened."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import Server, poll

Start = Callable[..., Server]


@pytest.fixture
def start_pooled(start_host: Start, tmp_path: Path) -> Start:
    """Start a site with a pooled database and a cache that are opened where `opens` says."""

    def start(opens: str | None = None, *, breaks: str | None = None, ready: bool = True, **settings: object) -> Server:
        return start_host(
            ready=ready,
            env={"HOST_OPENS": opens, "HOST_BREAKS": breaks},
            INSTALLED_APPS=["discovery", "host_resources.Resources"],
            DATABASES={"default": {"ENGINE": "pooled", "NAME": str(tmp_path / "db.sqlite3")}},
            CACHES={"default": {"BACKEND": "host_resources.Cache"}},
            **settings,
        )

    return start


def assert_own(host: Server, workers: set[int]) -> None:
    """Ask until every worker has answered; each must use only what it opened itself."""
    asked: set[int] = set()

    def ask() -> bool:
        answer = host.request("GET", "/openers").json()
        assert answer["pool"] == answer["cache"] == answer["pid"]
        assert answer["prepared"] == [answer["pid"]]
        asked.add(answer["pid"])
        return asked >= workers

    poll(ask, what="an answer of every worker")


@pytest.mark.parametrize("opens", ["ready", "thread", "starting", "started", "fork"])
def test_worker_uses_nothing_that_the_master_opened(start_pooled: Start, opens: str) -> None:
    host = start_pooled(opens)
    assert_own(host, set(host.workers()))


def test_worker_uses_no_pool_of_the_migration(start_pooled: Start) -> None:
    host = start_pooled(DISCOVERY_MIGRATE=True)
    assert_own(host, set(host.workers()))


@pytest.mark.parametrize("opens", ["started", "checked"])
def test_later_worker_uses_nothing_that_the_master_opened(start_pooled: Start, opens: str) -> None:
    host = start_pooled(opens)
    host.port_file.unlink()
    poll(host.port_file.exists)  # written again right after a check
    old = host.workers()
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    workers = poll(lambda: set(host.workers()) - set(old) if not set(host.workers()) & set(old) else set())
    assert_own(host, workers)


def test_worker_that_the_host_can_not_prepare_fails_the_start(start_pooled: Start) -> None:
    code, err = start_pooled(breaks="worker_started", ready=False).end()
    assert code == 1
    assert err.strip() == "error: the first worker could not start: RuntimeError: this worker is broken"

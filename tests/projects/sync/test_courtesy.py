from __future__ import annotations

import contextlib
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction

from projects.models import WorkItem
from projects.sqlite.queue import WriteQueue, queue_for
from projects.sync import checkpoint, courtesy, exchange, outbox, stored_state
from projects.sync.courtesy import LONGEST, PAUSE, QUANTUM, SHARE, courteous, give_way
from tests.processes import DEADLINE
from tests.projects.sync.clones import BoardClone, Log, add_items, joined_pair

Make = Callable[[str], BoardClone]
LATE = DEADLINE / 10  # seconds that a thread may be late on a busy machine


@pytest.fixture
def queue(make_board_clone: Make) -> Iterator[WriteQueue]:
    """The write queue of a board whose database is in use."""
    with make_board_clone("ada"):
        yield queue_for(connection.settings_dict["NAME"])


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a sync wait for a writer as long as it takes, which on a busy machine may be long."""
    monkeypatch.setattr(courtesy, "LONGEST", DEADLINE)
    monkeypatch.setattr(courtesy, "SHARE", 1e6)


@pytest.mark.usefixtures("patient")
def test_sync_waits_until_writer_leaves(queue: WriteQueue) -> None:
    writer = object()
    with courteous():
        assert queue.acquire(writer, DEADLINE)
        leaving = threading.Timer(LONGEST, queue.release, [writer])
        leaving.start()
        begin = time.monotonic()
        give_way()
        assert time.monotonic() - begin < DEADLINE
        assert not queue.is_taken(besides=None)
        leaving.join()


def test_wait_for_long_writer_is_bounded(queue: WriteQueue) -> None:
    writer = object()
    assert queue.acquire(writer, DEADLINE)
    waits = []
    with courteous():
        begin = time.monotonic()
        time.sleep(LONGEST)
        for _ in range(20):
            before = time.monotonic()
            give_way()
            waits.append(time.monotonic() - before)
        total = time.monotonic() - begin
    queue.release(writer)
    waited = sum(waits)
    assert waits[0] >= LONGEST
    assert waited <= SHARE * (total - waited) + LATE


def test_sync_among_writers_that_never_stop_goes_on(queue: WriteQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courtesy, "MOST", LONGEST)
    monkeypatch.setattr(courtesy, "SHARE", 1e6)
    writer = object()
    assert queue.acquire(writer, DEADLINE)
    with courteous():
        time.sleep(LONGEST)
        while courtesy._local.courtesy._waited < LONGEST:
            give_way()
        begin = time.monotonic()
        for _ in range(100):
            give_way()
        assert time.monotonic() - begin < 10 * LONGEST
    queue.release(writer)


def test_sync_pauses_while_others_write(queue: WriteQueue) -> None:
    connection.ensure_connection()
    with courteous():
        begin = time.monotonic()
        computed = 0.0
        for _ in range(10):
            assert queue.acquire(begin, DEADLINE)
            queue.release(begin)
            resumed = time.monotonic()
            while time.monotonic() < resumed + QUANTUM:
                pass
            computed += QUANTUM
            give_way()
        assert time.monotonic() - begin >= (1 + PAUSE) * computed


def test_own_transactions_are_no_reason_to_pause(queue: WriteQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courtesy, "PAUSE", DEADLINE / QUANTUM)
    begin = time.monotonic()
    with courteous():
        with transaction.atomic():
            pass
        time.sleep(QUANTUM)
        give_way()
    assert time.monotonic() - begin < DEADLINE / 2


def test_nobody_waits_outside_of_a_sync_or_in_own_transaction(queue: WriteQueue) -> None:
    writer = object()
    assert queue.acquire(writer, DEADLINE)
    begin = time.monotonic()
    for _ in range(1000):
        give_way()
    queue.release(writer)
    with courteous():
        time.sleep(LONGEST)
        with transaction.atomic():
            assert queue.is_taken(besides=None)
            for _ in range(1000):
                give_way()
    assert time.monotonic() - begin < 2 * LONGEST + LATE


def test_writers_can_truncate_the_log_while_a_sync_waits(
    make_board_clone: Make, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, _ = joined_pair(make_board_clone, log)
    for module, name in ((stored_state, "BATCH"), (outbox, "BATCH"), (checkpoint, "EVERY")):
        monkeypatch.setattr(module, name, 1)
    blocked: list[int] = []

    def truncate(_: object) -> None:
        if not connection.in_atomic_block:
            blocked.append(other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])

    monkeypatch.setattr(courtesy._Courtesy, "give_way", truncate)
    with ada, contextlib.closing(sqlite3.connect(ada.path)) as other:
        add_items(ada, 5)
        with courteous():
            ada.sync(log)
    assert log.checkpoint is not None
    assert len(blocked) > 20
    assert not any(blocked)


@pytest.mark.usefixtures("patient")
def test_groups_are_folded_while_no_other_thread_writes(
    make_board_clone: Make, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with bob:
        for number in range(5):
            WorkItem.objects.get().update(actor=bob.user, title=f"Title {number}")
        bob.sync(log)
    beside: list[bool] = []

    def watched(*arguments: Any) -> Any:
        beside.append(queue.is_taken(besides=connections[DEFAULT_DB_ALIAS]))
        return fold_entry(*arguments)

    fold_entry = exchange.fold_entry
    monkeypatch.setattr(exchange, "fold_entry", watched)

    with ada:
        queue = queue_for(connection.settings_dict["NAME"])
        writer = object()
        assert queue.acquire(writer, DEADLINE)
        leaving = threading.Timer(LONGEST, queue.release, [writer])
        with courteous():
            leaving.start()
            exchange.follow(log)
        leaving.join()
        assert WorkItem.objects.get().title == "Title 4"
    assert len(beside) >= 5
    assert not any(beside)


def test_threads_switch_quickly_until_the_last_of_two_syncs_ends(make_board_clone: Make) -> None:
    usual = sys.getswitchinterval()
    with make_board_clone("ada"):
        first, second = courteous(), courteous()
        first.__enter__()
        second.__enter__()
        assert sys.getswitchinterval() == pytest.approx(courtesy.SWITCH)
        first.__exit__(None, None, None)  # the one that began first ends first
        assert sys.getswitchinterval() == pytest.approx(courtesy.SWITCH)
        second.__exit__(None, None, None)
        assert sys.getswitchinterval() == pytest.approx(usual)

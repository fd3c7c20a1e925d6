"""What was changed here is packed into operations before a sync takes the lock."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from projects.models import SyncBoard, WorkItem
from projects.sync import exchange, outbox
from tests.processes import DEADLINE
from tests.projects.sync.clones import BoardClone, Log, add_items, assert_equal, joined_pair

Make = Callable[[str], BoardClone]


def test_log_is_folded_outside_of_a_transaction(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with bob:
        WorkItem.objects.get().update(actor=bob.user, title="Renamed")
        bob.sync(log)
    seen: list[bool] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "document FROM projects_syncrecord WHERE id" in sql:
            seen.append(connection.in_atomic_block)
        return execute(sql, params, many, context)

    with ada, connection.execute_wrapper(watch):
        ada.sync(log)
        assert WorkItem.objects.get().title == "Renamed"
    assert seen
    assert not any(seen)


def test_log_is_read_in_as_many_queries_for_many_changes(
    make_board_clone: Make, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BUDGET", "WRITING", "LONGEST_WRITING"):  # a busy machine needs no more transactions
        monkeypatch.setattr(exchange, name, DEADLINE)
    ada, bob = joined_pair(make_board_clone, log)
    statements: list[str] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT") and "FROM projects_sync" in sql:
            statements.append(sql)
        return execute(sql, params, many, context)

    def sync(clone: BoardClone) -> int:
        statements.clear()
        with clone, connection.execute_wrapper(watch):
            clone.sync(log)
        return len(statements)

    counts = []
    for items in (3, 9):
        with ada:
            add_items(ada, items)
        counts.append((sync(ada), sync(bob)))
    for few, many in zip(*counts, strict=True):
        assert many <= few + 2  # six more changes


def test_activity_that_is_packed_in_two_steps_is_one_chain(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        for title in ("One", "Two"):
            WorkItem.objects.get().update(actor=ada.user, title=title)
        outbox.pack_ahead()
        outbox.pack_ahead()
        WorkItem.objects.get().update(actor=ada.user, title="Three")
        with transaction.atomic():
            assert outbox.pack(SyncBoard.objects.get()) == 1
        groups = [one.group for _, one in outbox.waiting()]
        assert [one.operations[0].changes["title"][1] for one in groups] == ["One", "Two", "Three"]
        assert [one.after for one in groups[1:]] == [one.id for one in groups[:-1]]
        assert SyncBoard.objects.get().after == uuid.UUID(groups[-1].id)
    assert_equal(log, ada, bob)
    with bob:
        assert WorkItem.objects.get().title == "Three"


def test_much_activity_is_packed_in_several_transactions(
    make_board_clone: Make, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "AT_ONCE", 2)
    ada, bob = joined_pair(make_board_clone, log)
    packed: list[tuple[int, int]] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "INSERT INTO projects_syncoutbox" in sql:
            packed.append((len(params), sum(len(json.loads(one[2])) for one in params)))
        return execute(sql, params, many, context)

    with ada:
        item = WorkItem.objects.get()
        item.update(actor=ada.user, title="One")
        item.update(actor=ada.user, title="Two")
        with transaction.atomic():  # one group, which no part may split
            for title in ("Three", "Four", "Five"):
                item.update(actor=ada.user, title=title)
        item.update(actor=ada.user, title="Six")
        with connection.execute_wrapper(watch):
            outbox.pack_ahead()
        groups = [one.group for _, one in outbox.waiting()]
        assert [len(one.operations) for one in groups] == [1, 1, 3, 1]
        assert [one.after for one in groups[1:]] == [one.id for one in groups[:-1]]
    assert packed == [(3, 5), (1, 1)]
    assert_equal(log, ada, bob)
    with bob:
        assert WorkItem.objects.get().title == "Six"

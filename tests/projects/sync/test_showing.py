"""The board while a clone synchronises: what is written again, and what is computed while others wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from projects.models import WorkItem
from projects.sync import exchange, publishing, showing
from projects.sync.fold import fold
from tests.projects.sync.clones import BoardClone, Log, add_items, assert_equal, joined_pair
from tests.projects.sync.scripts import clock

Make = Callable[[str], BoardClone]


@contextmanager
def groups_read() -> Iterator[list[str]]:
    """Collect the unpublished groups that are read."""
    found: list[str] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "line, activities FROM projects_syncoutbox" in sql:
            execute(sql, params, many, context)
            found.extend(line for _, line, _ in context["cursor"].fetchall())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield found


def test_unpublished_groups_are_not_folded_again_when_own_ones_arrive(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        add_items(ada, 5)
        parcel = publishing.prepare()
        add_items(ada, 5)  # while it is pushed
        log.push(len(log.log), parcel.segments, parcel.checkpoint)
        with groups_read() as read:
            ada.fetch(log)
        assert not read
    assert_equal(log, ada, bob)


def test_unpublished_groups_are_folded_while_nobody_waits(
    make_board_clone: Make, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with bob:
        WorkItem.objects.get().update(actor=bob.user, title="Renamed")
        bob.sync(log)
    seen: list[bool] = []

    def watched(*arguments: Any) -> Any:
        seen.append(connection.in_atomic_block)
        return fold(*arguments)

    monkeypatch.setattr(showing, "fold", watched)
    with ada:
        add_items(ada, 5)
        ada.fetch(log)
        assert seen == [False] * 5
        assert WorkItem.objects.filter(title="Renamed").exists()
    assert_equal(log, ada, bob)


def test_row_that_differs_is_written_when_its_change_arrives(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        item = WorkItem.objects.get()
        item.update(actor=ada.user, title="Renamed")
        WorkItem.objects.filter(pk=item.pk).update(title="Damaged")
        ada.sync(log)
        assert WorkItem.objects.get().title == "Renamed"
    assert_equal(log, ada, bob)


def test_news_that_change_nothing_leave_unpublished_changes_on_the_board(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        WorkItem.objects.get().update(actor=ada.user, title="Of Ada")
        WorkItem.objects.get().update(actor=ada.user, priority="high")
    with bob, clock(timedelta(minutes=1)):
        WorkItem.objects.get().update(actor=bob.user, title="Of Bob")
        bob.sync(log)
    with ada:
        ada.fetch(log)
        log.log.append(log.log[-1])  # a copy of Bob's clone published it again
        ada.fetch(log)
        item = WorkItem.objects.get()
        assert (item.title, item.priority) == ("Of Bob", "high")
    assert_equal(log, ada, bob)


def test_transaction_that_took_long_is_followed_by_a_smaller_one() -> None:
    pace = exchange.Pace()
    pace.wrote(pace.operations, 4 * exchange.WRITING)
    assert pace.operations < exchange.Pace().operations
    for _ in range(20):
        pace.wrote(pace.operations, exchange.WRITING / 10)
    assert pace.operations == exchange.MANY_ROWS
    pace.folded = 1.0  # once for each transaction
    before = pace.operations
    pace.wrote(before, exchange.LONGEST_WRITING)
    assert pace.operations == before

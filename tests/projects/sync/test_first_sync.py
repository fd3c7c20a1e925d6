"""The first sync of a clone: it folds the whole log and writes once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from projects.engine import IS_POSTGRES, dialect
from projects.models import Activity, Comment, Project, SyncBoard, WorkItem
from projects.sync import exchange, publishing, stored_state
from projects.sync.exceptions import Diverged
from projects.sync.operations import encode
from projects.transfer import bulk_loading
from tests.projects.sync.clones import BoardClone, Log, assert_equal

Make = Callable[[str], BoardClone]
ITEMS = 6
HISTORY = f"INSERT INTO {dialect.TEMP}sync_history"
OF_SQLITE = ("DROP INDEX", "DROP TRIGGER", "projects_search (")  # what only a large board there is written with


@pytest.fixture(autouse=True)
def _as_on_a_large_board(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MANY_ROWS", 4)
    monkeypatch.setattr(bulk_loading, "MANY_ROWS", 1)
    monkeypatch.setattr(stored_state, "MANY", 2)
    monkeypatch.setattr(stored_state, "MAX_RECORDS", 3)


@pytest.fixture
def ada(make_board_clone: Make, log: Log) -> BoardClone:
    """A clone that has published a board, with a checkpoint in the middle of the log."""
    clone = make_board_clone("ada")
    with clone:
        project = Project.objects.create(actor=clone.user, key="PONE", title="One")
        clone.join(founds=True)
        clone.sync(log)
        for number in range(ITEMS):
            item = WorkItem.objects.create(
                actor=clone.user, project=project, item_type="task", title=f"Item {number}", labels=["a"]
            )
            Comment.objects.create(actor=clone.user, work_item=item, content="Words")
            item.update(actor=clone.user, status="in_progress")
        clone.sync(log)
        board = SyncBoard.objects.get()
        mark = publishing._checkpoint(board, (), board.position)
        log.checkpoint = mark.encoded()
        WorkItem.objects.earliest("item_number").update(actor=clone.user, title="Renamed")
        clone.sync(log)
    return clone


def test_first_sync_locks_the_board_only_to_write_once(make_board_clone: Make, log: Log, ada: BoardClone) -> None:
    written: list[tuple[str, bool]] = []
    folded: list[int] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        written.append((sql, connection.in_atomic_block))
        return execute(sql, params, many, context)

    with make_board_clone("bob") as bob:
        bob.join()
        with connection.execute_wrapper(watch):
            exchange.follow(log, mark=log.mark, watch=folded.append)
        assert {is_locked for sql, is_locked in written if HISTORY in sql} == {False}
        assert [is_locked for sql, is_locked in written if "INSERT INTO projects_syncrecord" in sql] == [True]
        assert any("DROP TRIGGER" in sql for sql, _ in written) is not IS_POSTGRES
        assert len(folded) >= ITEMS // 2
        assert WorkItem.objects.earliest("item_number").title == "Renamed"
        assert Activity.objects.filter(entity_type="work_item").count() == 2 * ITEMS + 1
    assert_equal(log, ada, bob)


def test_first_sync_of_many_records_writes_in_rounds(
    make_board_clone: Make, log: Log, ada: BoardClone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "FIRST_RECORDS", 3)
    with make_board_clone("bob") as bob:
        bob.join()
        bob.sync(log)
    assert_equal(log, ada, bob)


def test_first_sync_stops_at_a_checkpoint_that_differs(make_board_clone: Make, log: Log, ada: BoardClone) -> None:
    mark = log.mark
    assert mark is not None
    pk = mark.lines.decode().partition(" ")[0]
    with make_board_clone("bob") as bob:
        bob.join()
        with pytest.raises(Diverged, match=pk):
            exchange.follow(log, mark=mark._replace(digest="0" * 64, lines=b"%s 0\n" % pk.encode()))
        assert not WorkItem.objects.exists()
        bob.sync(log)
    assert_equal(log, ada, bob)


def test_killed_first_sync_goes_on(make_board_clone: Make, log: Log, ada: BoardClone) -> None:
    bob = make_board_clone("bob")
    with bob:
        bob.join()
        bob.disconnect()
    killed = 0
    moments = (HISTORY, "projects_syncrecord (id", *(() if IS_POSTGRES else OF_SQLITE), "syncadvance")
    for deadly in moments:
        child = os.fork()
        if not child:
            with bob, connection.execute_wrapper(killing(deadly)):
                bob.fetch(log)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
        with bob:
            assert SyncBoard.objects.get().position == 0
            assert not Activity.objects.exists()
            bob.disconnect()
    assert killed == len(moments)
    with bob:
        bob.sync(log)
    assert_equal(log, ada, bob)


def killing(deadly: str) -> Callable[..., Any]:
    """Return a wrapper that kills this process after a statement that contains a text."""

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if deadly in sql:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return watch


def test_documents_of_a_large_state_are_not_kept_until_they_are_written(
    make_board_clone: Make, log: Log, ada: BoardClone
) -> None:
    with make_board_clone("bob") as bob:
        bob.join()
        state, order = stored_state.StoredState(), stored_state.StoredOrder()
        for entry in exchange.entries(log):
            exchange.fold_entry(state, order, entry, None)
        state.settle()
        assert state.changes > stored_state.MANY
        assert not any(state._documents.values())
        changed = state.flush()
        assert {pk for pk, _ in stored_state.all_documents()} == changed
        for pk, document in stored_state.all_documents():
            record = state.record(pk)
            assert record is not None
            assert encode(record.document()) == document

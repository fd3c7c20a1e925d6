"""Unpublished changes of a clone that may not push, published by another one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from projects.models import Activity, Comment, SyncBoard, WorkItem
from projects.models.exceptions import Conflict
from projects.models.sync import NumberBlock
from projects.sync import handover, outbox, publishing
from projects.sync.exceptions import Malformed
from tests.projects.sync.clones import BOARD, BoardClone, Log, add_items, assert_equal, joined_pair

Make = Callable[[str], BoardClone]


def test_changes_of_a_reader_are_published_under_their_authors(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with bob:
        item = WorkItem.objects.select_related("project").get()
        item.update(actor=bob.user, title="Of the reader")
        add_items(bob, 2)
        Comment.objects.create(actor=bob.user, work_item=item, content="By the reader")
        publishing.prepare()  # a sync that may not push
        lines = handover.written()
    with ada:
        WorkItem.objects.get().update(actor=ada.user, priority="high")
        before = NumberBlock.objects.count()
        assert handover.read(BOARD, lines) == {"new": len(lines), "known": 0}
        assert handover.read(BOARD, lines) == {"new": 0, "known": len(lines)}
        assert WorkItem.objects.count() == 3
        assert WorkItem.objects.get(title="Of the reader").priority == "high"
        assert outbox.count(SyncBoard.objects.get()) == len(lines) + 1
        authors = Activity.objects.filter(position=None).values_list("actor__username", flat=True)
        assert sorted(set(authors)) == ["ada", "bob"]
        ada.sync(log)
        assert outbox.count(SyncBoard.objects.get()) == 0
        assert NumberBlock.objects.count() == before
        assert handover.read(BOARD, lines) == {"new": 0, "known": len(lines)}
    with bob:
        report = bob.fetch(log)
        assert (report.published, outbox.count(SyncBoard.objects.get())) == (len(lines), 0)
    assert_equal(log, ada, bob)
    with ada:
        assert Comment.objects.get().created_by.username == "bob"


def test_file_that_cannot_be_read_changes_nothing(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with bob:
        add_items(bob, 2)
        lines = handover.written()
    with ada:
        board = SyncBoard.objects.get()
        with pytest.raises(Conflict, match="joined to"):
            handover.read(type(BOARD)(int=7), lines)
        for wrong, message in (([*lines[:1], "{"], "group 2"), ([f"{lines[0]}\n"], "one line")):
            with pytest.raises(Malformed, match=message):
                handover.read(BOARD, wrong)
        handover.read(BOARD, lines[:1])
        with pytest.raises(Conflict, match="belongs to another one"):
            handover.read(BOARD, [lines[0].replace('"by":"bob"', '"by":"eve"')])
        assert SyncBoard.objects.get().position == board.position
        assert WorkItem.objects.count() == 2

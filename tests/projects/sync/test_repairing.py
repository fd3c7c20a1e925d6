from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from projects.models import Project, SyncBoard, WorkItem
from projects.models.sync import SyncRecord
from projects.sync import repairing
from projects.sync.exceptions import Busy, Diverged, Malformed
from tests.projects.sync.clones import BoardClone, Log, assert_equal, exported, history, joined_pair

Make = Callable[[str], BoardClone]


def worked_on(make_board_clone: Make, log: Log) -> tuple[BoardClone, BoardClone]:
    """Two clones that have changed the board in turn."""
    ada, bob = joined_pair(make_board_clone, log)
    for number, clone in enumerate((ada, bob, ada, bob)):
        with clone:
            clone.sync(log)
            project = Project.objects.get()
            WorkItem.objects.create(actor=clone.user, project=project, item_type="task", title=f"Item {number}")
            WorkItem.objects.get(title="First").update(actor=clone.user, description=f"Text {number}")
            clone.sync(log)
    assert_equal(log, ada, bob)
    return ada, bob


def test_verify_finds_a_state_that_differs_and_rebuild_believes_the_log(make_board_clone: Make, log: Log) -> None:
    ada, _ = worked_on(make_board_clone, log)
    with ada:
        board, activity = exported(), history()
        assert repairing.verify(log) == len([1 for _ in SyncRecord.objects.all()])
        record = SyncRecord.objects.get(document__contains="Text 3")
        SyncRecord.objects.filter(pk=record.pk).update(document=record.document.replace("Text 3", "Forged"))
        with pytest.raises(Diverged, match=record.pk):
            repairing.verify(log)
        repairing.rebuild(log)
        repairing.verify(log)
        assert (exported(), history()) == (board, activity)


def test_verify_beside_a_sync_raises_busy(make_board_clone: Make, log: Log) -> None:
    ada, bob = worked_on(make_board_clone, log)
    with bob:
        WorkItem.objects.get(title="First").update(actor=bob.user, priority="high")
        bob.sync(log)

    class Racing:
        """The log, of which a sync applies more before it is read."""

        def segments(self, after: int) -> Iterator[str | None]:
            ada.sync(log)
            return log.segments(after)

    with ada:
        position = SyncBoard.current().position
        folded = Log()
        folded.log = log.log[:-1]
        assert repairing.verify(folded, position) > 0
        with pytest.raises(Busy, match="try again"):
            repairing.verify(Racing(), position)
        assert repairing.verify(log, SyncBoard.current().position) > 0


def test_what_a_rewound_log_lost_is_published_again(make_board_clone: Make, log: Log) -> None:
    ada, bob = worked_on(make_board_clone, log)
    with bob:
        WorkItem.objects.get(title="First").update(actor=bob.user, priority="high")  # not published yet
        board = exported()["work_items"]
    rewound = Log()
    rewound.log = log.log[:-3]
    with bob:
        repairing.adopt(log, rewound, head="")
        assert exported()["work_items"] == board
        bob.sync(rewound)
    with ada:
        repairing.adopt(log, rewound, head="")
    assert_equal(rewound, ada, bob)
    with ada:
        assert exported()["work_items"] == board
        assert WorkItem.objects.get(title="First").priority == "high"


def test_replaced_log_keeps_the_changes_of_both(make_board_clone: Make, log: Log) -> None:
    ada, bob = worked_on(make_board_clone, log)
    replaced = Log()
    replaced.log = log.log[:-2]
    carol = make_board_clone("carol")
    with carol:
        carol.join()
        carol.sync(replaced)
        WorkItem.objects.get(title="First").update(actor=carol.user, labels=["carol"])
        carol.sync(replaced)
    for clone in (ada, bob):
        with clone:
            repairing.adopt(log, replaced, head="")
            clone.sync(replaced)
    assert_equal(replaced, ada, bob, carol)
    with carol:
        assert WorkItem.objects.get(title="First").labels == ["carol"]
        assert WorkItem.objects.get(title="First").description == "Text 3"
        assert WorkItem.objects.filter(title__startswith="Item").count() == 4


def test_skipped_segment_does_nothing_and_lets_the_next_ones_in(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    bad = len(log.log)
    log.log.append("{}\n")
    with ada, pytest.raises(Malformed, match=f"pm sync skip {bad}"):
        ada.fetch(log)
    log.skipped.add(bad)
    for clone in (ada, bob):
        with clone:
            clone.fetch(log)
            WorkItem.objects.get(title="First").update(actor=clone.user, labels=[clone.person])
            clone.sync(log)
    assert_equal(log, ada, bob)
    with ada:
        assert WorkItem.objects.get(title="First").labels == ["bob"]  # who had seen those of Ada
        repairing.verify(log)

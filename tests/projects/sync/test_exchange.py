from __future__ import annotations

from collections.abc import Callable

from projects.models import Comment, Project, WorkItem
from tests.projects.sync.clones import BoardClone, Log, exported, history

Make = Callable[[str], BoardClone]


def test_board_of_one_clone_appears_in_another(make_board_clone: Make, log: Log) -> None:
    ada, bob = make_board_clone("ada"), make_board_clone("bob")
    with ada:
        project = Project.objects.create(actor=ada.user, key="PONE", title="One")
        item = WorkItem.objects.create(actor=ada.user, project=project, item_type="task", title="First")
        Comment.objects.create(actor=ada.user, work_item=item, content="Hello")
        ada.join()
        ada.sync(log)
        item.refresh_from_db()
        item.update(actor=ada.user, title="Renamed", labels=["a", "b"])
        ada.sync(log)
    with bob:
        bob.join()
        bob.sync(log)
        item = WorkItem.objects.get()
        assert (item.title, item.labels, item.version) == ("Renamed", ["a", "b"], 2)
        item.update(actor=bob.user, status="in_progress")
        bob.sync(log)
    assert_equal(log, ada, bob)
    with ada:
        assert WorkItem.objects.get().status == "in_progress"


def assert_equal(log: Log, *clones: BoardClone) -> None:
    """Sync all clones until nothing is left, and compare their boards and histories."""
    for clone in (*clones, *clones):
        with clone:
            clone.sync(log)
    boards, told = [], []
    for clone in clones:
        with clone:
            clone.fetch(log)
            boards.append(exported())
            told.append(history())
    for board, happened in zip(boards, told, strict=True):
        assert board == boards[0]
        assert happened == told[0]

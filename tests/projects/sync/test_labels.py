"""Labels that are equal but for case are one label, in all items of a project and in all clones."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from projects.models import Project, SyncBoard, WorkItem
from projects.sync import label_rules, repairing
from tests.projects.sync.clones import BoardClone, Log, assert_equal, joined_pair

Make = Callable[[str], BoardClone]


def labelled(clone: BoardClone, title: str, *labels: str) -> None:
    project = Project.objects.get(key="PONE")
    values = {"item_type": "task", "title": title, "labels": list(labels)}
    WorkItem.objects.create(actor=clone.user, project=project, **values)


def labels_of(title: str) -> list[str]:
    return WorkItem.objects.get(title=title).labels


def test_first_spelling_in_the_log_is_that_of_all_items(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        labelled(ada, "Of ada", "API", "Später")
    with bob:
        labelled(bob, "Of bob", "api", "SPÄTER", "Own")
        bob.sync(log)  # the first in the log
    with ada:
        WorkItem.objects.get(title="First").update(actor=ada.user, labels=["Api", "later"])
    assert_equal(log, ada, bob)
    with bob:
        WorkItem.objects.get(title="First").update(actor=bob.user, labels=["LATER", "new", "API"])
    assert_equal(log, bob, ada)
    for clone in (ada, bob):
        with clone:
            assert labels_of("Of ada") == ["api", "SPÄTER"]
            assert labels_of("Of bob") == ["api", "SPÄTER", "Own"]
            assert labels_of("First") == ["later", "new", "api"]
            repairing.verify(log)
            repairing.rebuild(log)
            assert labels_of("First") == ["later", "new", "api"]


def test_label_that_is_spelled_otherwise_is_removed_all_the_same(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with bob:
        labelled(bob, "Of bob", "api")
        bob.sync(log)
    with ada:
        labelled(ada, "Of ada", "API", "Two")
        WorkItem.objects.get(title="Of ada").update(actor=ada.user, labels=["Two"])
    assert_equal(log, ada, bob)
    with bob:
        assert labels_of("Of ada") == ["Two"]


def test_old_format_keeps_each_spelling(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log, oldest=True)
    for clone, label in ((ada, "API"), (bob, "api")):
        with clone:
            assert SyncBoard.current().format == 1
            labelled(clone, clone.person, label)
    assert_equal(log, ada, bob)
    with ada:
        assert (labels_of("ada"), labels_of("bob")) == (["API"], ["api"])


def test_spellings_of_a_project_are_bounded(make_board_clone: Make, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_rules, "MAX_SPELLINGS", 2)
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        labelled(ada, "One", "api", "two", "three")
        labelled(ada, "Two", "four")
        ada.sync(log)
    with bob:
        labelled(bob, "Three", "API", "FOUR")
    assert_equal(log, ada, bob)
    with ada:
        assert labels_of("Three") == ["API", "four"]

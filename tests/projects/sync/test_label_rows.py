"""Colours, renaming and merging of labels on two clones at once: both have the same labels afterwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from projects.models import Activity, Label, Project, WorkItem
from tests.projects.sync.clones import BoardClone, Log, assert_equal, joined_pair

Make = Callable[[str], BoardClone]


def labels() -> dict[str, list[str]]:
    return {item.title: item.labels for item in WorkItem.objects.order_by("item_number")}


def colours() -> dict[str, str]:
    return {row.name: row.colour for row in Label.objects.living()}


def add(clone: BoardClone, title: str, *names: str) -> None:
    values = {"item_type": "task", "title": title, "labels": list(names)}
    WorkItem.objects.create(actor=clone.user, project=Project.objects.get(), **values)


@pytest.fixture
def pair(make_board_clone: Make, log: Log) -> tuple[BoardClone, BoardClone]:
    """Two clones of a board with the labels defect and late."""
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        WorkItem.objects.get(title="First").update(actor=ada.user, labels=["defect", "late"])
        add(ada, "Second", "defect")
        ada.sync(log)
    with bob:
        bob.sync(log)
    return ada, bob


def both_know(pair: tuple[BoardClone, BoardClone], log: Log) -> None:
    """Let each clone have what both wrote."""
    for clone in (*pair, pair[0]):
        with clone:
            clone.sync(log)
    assert_equal(log, *pair)


def test_two_clones_that_colour_one_label_have_one_row(pair: tuple[BoardClone, BoardClone], log: Log) -> None:
    for clone, name, colour in zip(pair, ("late", "LATE"), ("red", "blue"), strict=True):
        with clone:
            Label.objects.put(Project.objects.get(), name, actor=clone.user, colour=colour)
    both_know(pair, log)
    with pair[0]:
        assert [*colours().values()] == ["blue"]
        assert not Activity.objects.exclude(standing="").exists()


def test_rename_and_merge_of_one_label_at_once_converge(pair: tuple[BoardClone, BoardClone], log: Log) -> None:
    ada, bob = pair
    with ada:
        Label.objects.put(Project.objects.get(), "defect", actor=ada.user, colour="red")
        Label.objects.rename(Project.objects.get(), "defect", "bug", actor=ada.user)
    with bob:
        Label.objects.put(Project.objects.get(), "defect", actor=bob.user, colour="green")
        Label.objects.rename(Project.objects.get(), "defect", "late", actor=bob.user, merge=True)
        add(bob, "Third", "Defect")
    both_know(pair, log)
    with ada:
        assert labels() == {"First": ["bug", "late"], "Second": ["bug", "late"], "Third": ["defect"]}
        assert colours() == {"bug": "red"}


def test_two_merges_in_opposite_directions_converge(pair: tuple[BoardClone, BoardClone], log: Log) -> None:
    for clone, old, new in zip(pair, ("defect", "late"), ("late", "defect"), strict=True):
        with clone:
            Label.objects.rename(Project.objects.get(), old, new, actor=clone.user, merge=True)
    both_know(pair, log)
    with pair[1]:
        assert labels() == {"First": [], "Second": ["late"]}  # each clone removed one of the two


def test_new_spelling_of_a_label_holds_in_all_clones(pair: tuple[BoardClone, BoardClone], log: Log) -> None:
    ada, bob = pair
    with ada:
        Label.objects.rename(Project.objects.get(), "late", "Late", actor=ada.user)
    both_know(pair, log)
    with bob:
        add(bob, "Third", "LATE")
    both_know(pair, log)
    with ada:
        assert labels()["First"] == ["defect", "Late"]
        assert labels()["Third"] == ["Late"]


def test_renamed_label_of_a_deleted_item_comes_back_renamed_elsewhere(
    pair: tuple[BoardClone, BoardClone], log: Log
) -> None:
    ada, bob = pair
    with ada:
        item = WorkItem.objects.select_related("project").first()
        assert item is not None
        item.update(actor=ada.user, labels=["defect"])
        item.soft_delete(actor=ada.user)
        Label.objects.rename(item.project, "defect", "bug", actor=ada.user)
    both_know(pair, log)
    with bob:
        gone = WorkItem.objects.select_related("project").get(pk=item.pk)
        gone.restore(actor=bob.user)
        assert gone.labels == ["bug"]
    both_know(pair, log)
    with ada:
        assert WorkItem.objects.get(pk=item.pk).labels == ["bug"]
        assert not Activity.objects.exclude(standing="").exists()

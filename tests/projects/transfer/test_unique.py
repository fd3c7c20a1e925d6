"""Rows that must be unique: links between two items, running timers, active sprints, lanes."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from projects.models import Dependency, Sprint, SwimLane, TimeEntry, WorkItem
from projects.transfer.exceptions import BadFile
from tests.projects.transfer.conftest import Read
from tests.projects.transfer.rows import LATE, Document, rows_of

Written = Callable[..., bytes]


def test_duplicate_of_a_unique_row_is_skipped_and_named(read: Read, document: Document) -> None:
    one, two = document.item(1), document.item(2)
    document.lane("todo")
    lower, higher = sorted(str(uuid.uuid4()) for _ in range(2))
    document.dependency(one, two, id=lower)
    document.time_entry(one, ended_at=None)
    doubles = [document.lane("todo"), document.dependency(one, two, id=higher)]
    doubles.append(document.time_entry(two, ended_at=None))
    found = read(document)
    assert {row["id"] for row in found["skipped_rows"]} == {row["id"] for row in doubles}
    assert Dependency.objects.count() == TimeEntry.objects.count() == 1
    again = read(document)
    assert {row["id"] for row in again["skipped_rows"]} == {row["id"] for row in doubles}


def test_clones_keep_the_duplicate_dependency_with_the_lower_id(
    read: Read, written: Written, document: Document
) -> None:
    one, two = document.item(1), document.item(2)
    lower, higher = sorted(str(uuid.uuid4()) for _ in range(2))
    document.dependency(one, two, id=higher, updated_at=LATE)
    read(document)
    document["dependencies"].clear()
    document.dependency(one, two, id=lower)
    assert read(document)["dependencies"] == {"created": 1, "updated": 0, "skipped": 0, "deleted": 1}
    assert str(Dependency.objects.living().get().pk) == lower
    assert WorkItem.objects.get(pk=two["id"]).open_blockers == 1
    gone = Dependency.objects.deleted().get()
    assert (str(gone.pk), gone.deleted_at) == (higher, gone.updated_at)
    ours = written()
    assert [(row["id"], row["deleted_at"]) for row in rows_of(ours, "deleted")] == [(higher, LATE)]
    document["dependencies"].clear()
    document.dependency(one, two, id=higher, updated_at=LATE)
    assert read(document)["dependencies"]["skipped"] == 1
    assert written() == ours


@pytest.mark.parametrize("first", [0, 1])
def test_merged_file_keeps_the_dependency_with_the_lower_id(read: Read, document: Document, first: int) -> None:
    one, two = document.item(1), document.item(2)
    both = [document.dependency(one, two, id=pk) for pk in sorted(str(uuid.uuid4()) for _ in range(2))]
    document["dependencies"] = [both[first]]
    read(document)
    document["dependencies"] = both
    for _ in range(2):
        read(document)
        assert str(Dependency.objects.living().get().pk) == both[0]["id"]


def test_active_sprint_can_change_in_one_import(read: Read, document: Document) -> None:
    first, second = document.sprint(status="active"), document.sprint(name="Two")
    read(document)
    first |= {"status": "completed", "updated_at": LATE}
    second |= {"status": "active", "updated_at": LATE}
    assert read(document)["sprints"]["updated"] == 2
    assert Sprint.objects.active().get().name == "Two"


def test_lanes_of_the_file_replace_the_default_lanes(read: Read, document: Document) -> None:
    lane = document.lane("todo", name="Next")
    read(document)
    assert str(SwimLane.objects.get(status_value="todo").pk) == lane["id"]
    assert SwimLane.objects.count() == 5


def test_second_item_with_an_external_reference_is_refused(read: Read, document: Document) -> None:
    document.item(1, external_ref="gh-1")
    second = document.item(2, external_ref="gh-1")
    with pytest.raises(BadFile) as caught:
        read(document)
    assert [(error.id, error.field) for error in caught.value.errors] == [(second["id"], "external_ref")]


def test_external_references_can_be_exchanged_in_one_import(read: Read, document: Document) -> None:
    first, second = document.item(1, external_ref="gh-1"), document.item(2, external_ref="gh-2")
    read(document)
    first |= {"external_ref": "gh-2", "updated_at": LATE}
    second |= {"external_ref": "gh-1", "updated_at": LATE}
    assert read(document)["work_items"]["updated"] == 2
    assert [*WorkItem.objects.order_by("item_number").values_list("external_ref", flat=True)] == ["gh-2", "gh-1"]

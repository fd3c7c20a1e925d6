"""Exports carry deletions; a newer change overrides a deletion."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from projects.models import Activity, Dependency, SwimLane, User, WorkItem
from projects.models.activity import Action
from tests.projects.transfer.conftest import Read
from tests.projects.transfer.rows import EARLY, LATE, LATER, Document, rows_of

Written = Callable[..., bytes]


def test_deletion_is_exported_and_imported(read: Read, document: Document, written: Written, actor: User) -> None:
    row = document.item(1)
    document.comment(row)
    read(document)
    WorkItem.objects.get().soft_delete(actor=actor)
    elsewhere = written()
    assert rows_of(elsewhere, "work_items") == rows_of(elsewhere, "comments") == []
    assert [entry["type"] for entry in rows_of(elsewhere, "deleted")] == ["work_item"]


def test_deletion_applies_to_an_older_row(read: Read, document: Document) -> None:
    row = document.item(1)
    read(document)
    document["work_items"] = []
    document.deleted("work_item", row, LATE)
    assert read(document)["work_items"] == {"created": 0, "updated": 0, "skipped": 0, "deleted": 1}
    assert not WorkItem.objects.living().exists()
    entry = Activity.objects.filter(entity_id=row["id"]).latest("id")
    assert (entry.action, entry.display_key, entry.actor.username) == (Action.DELETED, "PONE-1", "ada")
    assert read(document)["work_items"]["deleted"] == 0


def test_deletion_leaves_a_newer_row(read: Read, document: Document) -> None:
    row = document.item(1, updated_at=LATE)
    read(document)
    document["work_items"] = []
    document.deleted("work_item", row, EARLY)
    assert read(document)["work_items"]["deleted"] == 0
    assert WorkItem.objects.living().exists()


def test_deleted_row_is_restored_only_by_a_newer_version(read: Read, document: Document) -> None:
    row = document.item(1)
    read(document)
    other = Document()
    other.deleted("work_item", row, LATE)
    read(other)
    assert read(document)["work_items"]["skipped"] == 1
    assert not WorkItem.objects.living().exists()
    row |= {"updated_at": LATER, "title": "Back"}
    assert read(document)["work_items"]["updated"] == 1
    assert WorkItem.objects.living().get().title == "Back"
    assert Activity.objects.filter(entity_id=row["id"]).latest("id").action == Action.RESTORED


def test_deletion_of_an_unknown_row_is_kept(read: Read, document: Document, written: Written) -> None:
    row = document.item(1)
    document["work_items"] = []
    document.deleted("work_item", row, LATE)
    read(document)
    assert rows_of(written(), "deleted") == [{"type": "work_item", "id": row["id"], "deleted_at": LATE}]
    document["deleted"] = []
    document["work_items"] = [row]
    assert read(document)["work_items"]["skipped"] == 1
    row["updated_at"] = LATER
    assert read(document)["work_items"]["created"] == 1
    assert rows_of(written(), "deleted") == []


def test_child_of_a_deleted_parent_is_detached(read: Read, document: Document, written: Written) -> None:
    epic = document.item(1, "epic")
    read(document)
    story = document.item(2, "story", parent_id=epic["id"])
    document["work_items"].remove(epic)
    document.deleted("work_item", epic, LATE)
    found = read(document)
    assert found["detached"] == [{"id": story["id"], "field": "parent_id", "was": epic["id"]}]
    assert WorkItem.objects.living().get().parent_id is None
    before = written()
    assert read(document)["detached"] == []
    assert written() == before


def test_deletion_frees_unique_values(read: Read, document: Document) -> None:
    one, two = document.item(1), document.item(2)
    first = document.dependency(one, two)
    read(document)
    document["dependencies"] = []
    second = document.dependency(one, two)
    document.deleted("dependency", first, LATE)
    assert read(document)["skipped_rows"] == []
    assert str(Dependency.objects.living().get().pk) == second["id"]


def test_deleted_default_lane_does_not_come_back(read: Read, document: Document) -> None:
    lane = {"id": str(uuid.uuid5(uuid.UUID(document.project_id), "review"))}
    document.deleted("swim_lane", lane, EARLY)
    read(document)
    assert not SwimLane.objects.filter(status_value="review").exists()

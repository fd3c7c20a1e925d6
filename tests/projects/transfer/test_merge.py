"""Merge of two boards that have diverged."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from projects.models import Activity, Comment, Dependency, Project, TimeEntry, User, WorkItem
from projects.models.activity import Action
from projects.models.search import search
from tests.projects.transfer.conftest import Read
from tests.projects.transfer.rows import AHEAD, EARLY, LATE, LATER, LLM, Document, rows_of

Written = Callable[..., bytes]


def test_parents_come_in_any_order(read: Read, document: Document) -> None:
    epic = str(uuid.uuid4())
    story = document.item(3, "story", parent_id=epic)
    document.item(2, "task", parent_id=story["id"])
    document.item(1, "epic", id=epic)
    assert read(document)["work_items"]["created"] == 3


def test_newer_row_wins_and_older_one_is_skipped(read: Read, document: Document) -> None:
    row = document.item(1, title="First")
    read(document)
    row |= {"title": "Second", "updated_at": LATE, "labels": ["urgent"]}
    assert read(document)["work_items"]["updated"] == 1
    item = WorkItem.objects.get()
    assert (item.title, item.labels, item.version) == ("Second", ["urgent"], 2)
    entry = Activity.objects.filter(entity_id=item.pk).latest("id")
    assert entry.action == Action.UPDATED
    assert {change["field"]: (change["old"], change["new"]) for change in entry.changes} == {
        "title": ("First", "Second"),
        "labels": ([], ["urgent"]),
    }
    row |= {"title": "Third", "updated_at": EARLY}
    assert read(document)["work_items"] == {"created": 0, "updated": 0, "skipped": 1, "deleted": 0}
    assert WorkItem.objects.get().title == "Second"
    assert len(search("Second")) == 1
    assert WorkItem.objects.labelled("urgent").exists()


def test_open_item_of_a_file_is_not_completed(read: Read, document: Document) -> None:
    row = document.item(1, status="todo", completed_at=EARLY)
    document.item(2, status="done", completed_at=EARLY)
    read(document)
    assert [item.completed_at is None for item in WorkItem.objects.order_by("item_number")] == [True, False]
    row |= {"status": "done", "updated_at": LATE}
    read(document)
    row |= {"status": "review", "updated_at": LATER}
    read(document)
    assert WorkItem.objects.get(item_number=1).completed_at is None


def test_higher_version_wins_within_one_second(read: Read, document: Document) -> None:
    row = document.item(1, version=1)
    read(document)
    row |= {"title": "Twice", "version": 2}
    assert read(document)["work_items"]["updated"] == 1
    assert read(document)["work_items"]["skipped"] == 1


def test_versions_only_grow(read: Read, document: Document, actor: User) -> None:
    row = document.item(1)
    read(document)
    item = WorkItem.objects.get()
    for title in ("a", "b", "c"):
        item.update(actor=actor, title=title)
    row |= {"title": "d", "version": 2, "updated_at": "2126-01-01T00:00:00Z"}
    read(document)
    assert WorkItem.objects.get().version == 5


def test_taken_number_is_replaced_by_the_next_free_one(read: Read, document: Document, actor: User) -> None:
    project_id = document.project_id
    read(document)
    project = Project.objects.get(pk=project_id)
    mine = WorkItem.objects.create(actor=actor, project=project, item_type="task", title="Mine")
    theirs = document.item(1, title="Theirs")
    found = read(document)
    assert found["renumbered"] == [{"id": theirs["id"], "from": "PONE-1", "to": "PONE-2"}]
    assert WorkItem.objects.get(pk=mine.pk).item_number == 1
    assert Project.objects.get().next_work_item_number == 3
    again = read(document)
    assert (again["renumbered"], again["work_items"]["skipped"]) == ([], 1)


def test_other_board_takes_the_new_number(
    read: Read, document: Document, written: Written, wipe: Callable[[], None], actor: User
) -> None:
    theirs = document.item(1, title="Theirs")
    read(document)
    wipe()
    empty = Document() | {"projects": document["projects"]}
    read(empty)
    mine = WorkItem.objects.create(actor=actor, project=Project.objects.get(), item_type="task", title="Mine")
    read(document)
    merged = written()
    wipe()
    read(document)
    assert read(merged)["renumbered"] == []
    numbers = dict(WorkItem.objects.values_list("pk", "item_number"))
    assert numbers == {mine.pk: 1, uuid.UUID(theirs["id"]): 2}
    assert written() == merged


def test_two_items_with_the_same_number_are_both_kept(read: Read, document: Document) -> None:
    document.item(7, created_at=LATE, updated_at=LATE, title="Second")
    document.item(7, title="First")
    found = read(document)
    assert [entry["to"] for entry in found["renumbered"]] == ["PONE-8"]
    assert WorkItem.objects.get(item_number=8).title == "Second"


def test_two_items_can_swap_numbers(read: Read, document: Document) -> None:
    one, two = document.item(1), document.item(2)
    read(document)
    one |= {"item_number": 2, "updated_at": LATE}
    two |= {"item_number": 1, "updated_at": LATE}
    assert read(document)["renumbered"] == []
    assert WorkItem.objects.get(pk=one["id"]).item_number == 2
    assert Activity.objects.filter(entity_id=one["id"]).latest("id").display_key == "PONE-2"


def test_rows_of_missing_items_are_skipped_and_named(read: Read, document: Document) -> None:
    here, gone = document.item(1), document.item(2)
    document["work_items"].pop()
    rows = [document.comment(gone), document.time_entry(gone), document.dependency(here, gone)]
    found = read(document)
    assert {row["id"] for row in found["skipped_rows"]} == {row["id"] for row in rows}
    assert not (Comment.objects.exists())
    assert not (TimeEntry.objects.exists())
    assert not (Dependency.objects.exists())


def test_rules_about_done_are_not_checked(read: Read, document: Document) -> None:
    epic = document.item(1, "epic", status="done")
    document.item(2, "story", parent_id=epic["id"])
    assert read(document)["work_items"]["created"] == 2


def test_claim_is_local_and_ends_with_the_status(read: Read, document: Document, written: Written, actor: User) -> None:
    row = document.item(1)
    read(document)
    item = WorkItem.objects.select_related("project").get()
    item.claim(actor=actor)
    (exported,) = rows_of(written(), "work_items")
    assert not {"claimed_by", "lease_id", "lease_expires_at"} & exported.keys()
    row |= exported | {"title": "Renamed", "updated_at": "2126-01-01T00:00:00Z"}
    read(document)
    item = WorkItem.objects.select_related("project").get()
    assert item.is_claimed
    row |= {"status": "done", "updated_at": "2126-01-02T00:00:00Z"}
    read(document)
    assert WorkItem.objects.get().claimed_by_id is None
    changes = {change["field"] for change in Activity.objects.filter(entity_id=item.pk).latest("id").changes}
    assert changes == {"status", "claimed_by_id"}


def test_users_are_created_with_their_names(read: Read, document: Document, written: Written) -> None:
    eve = {"id": str(uuid.uuid4()), "username": "eve", "is_agent": False}
    document["users"] = [eve, {"id": str(uuid.uuid4()), "username": "nobody"}]
    document.item(1, assignee_id=eve["id"])
    assert read(document)["users"]["created"] == 2
    assert not User.objects.filter(username="nobody").exists()
    assert rows_of(written(), "users") == sorted(
        [eve, {"id": LLM, "username": "llm", "is_agent": True}], key=lambda user: str(user["id"])
    )


def test_taken_username_is_not_used_twice(read: Read, document: Document, actor: User) -> None:
    other = {"id": str(uuid.uuid4()), "username": actor.username}
    document["users"] = [other]
    document.item(1, assignee_id=other["id"])
    read(document)
    assert User.objects.get(pk=other["id"]).username == f"{actor.username}-{other['id'][:4]}"


def test_user_without_a_name_gets_a_short_one(read: Read, document: Document) -> None:
    unnamed, former = (f"8357300{number}-0000-4000-8000-000000000000" for number in range(2))
    document["users"] = [{"id": former, "username": f"user-{former}"}]
    document.item(1, assignee_id=unnamed)
    document.item(2, assignee_id=former)
    read(document)
    assert [User.objects.get(pk=pk).username for pk in (unnamed, former)] == ["unnamed-8357", "unnamed-83573"]


def test_dry_run_returns_the_same_and_writes_nothing(
    read: Read, document: Document, written: Written, actor: User
) -> None:
    row = document.item(1)
    read(document)
    row |= {"title": "New", "updated_at": LATE}
    document.item(1)
    before, activity, users = written(), Activity.objects.count(), User.objects.count()
    answer = read(document, dry_run=True)
    assert (written(), Activity.objects.count(), User.objects.count()) == (before, activity, users)
    assert read(document) == answer


def test_local_change_wins_over_a_clock_that_is_ahead(read: Read, document: Document, actor: User) -> None:
    row = document.item(1, title="Theirs", updated_at=AHEAD)
    read(document)
    WorkItem.objects.get().update(actor=actor, title="Ours")
    assert read(document)["work_items"]["skipped"] == 1
    assert WorkItem.objects.get().title == "Ours"
    WorkItem.objects.get().soft_delete(actor=actor)
    assert read(document)["work_items"]["skipped"] == 1
    assert not WorkItem.objects.living().exists()
    gone = WorkItem.objects.get().deleted_at
    assert gone is not None
    document.deleted("work_item", row, gone.isoformat())
    document["work_items"] = []
    WorkItem.objects.get().restore(actor=actor)
    read(document)
    assert WorkItem.objects.living().get().title == "Ours"


def test_deleted_tree_stays_deleted_although_a_clock_was_ahead(read: Read, document: Document, actor: User) -> None:
    epic = document.item(1, "epic")
    document.item(2, "story", parent_id=epic["id"], updated_at=AHEAD)
    read(document)
    WorkItem.objects.get(item_number=1).soft_delete(actor=actor, recursive=True)
    assert read(document)["work_items"]["skipped"] == 2
    WorkItem.objects.get(item_number=1).restore(actor=actor)
    assert WorkItem.objects.living().count() == 2


def test_row_of_a_clock_that_is_ahead_is_renumbered_once(read: Read, document: Document) -> None:
    document.item(1)
    read(document)
    document["work_items"] = []
    document.item(1, updated_at=AHEAD)
    assert len(read(document)["renumbered"]) == 1
    again = read(document)
    assert (again["renumbered"], again["work_items"]["skipped"]) == ([], 1)


def test_later_of_two_deletions_is_kept(read: Read, document: Document, written: Written) -> None:
    row = document.item(1)
    read(document)
    document["work_items"] = []
    for moment, kept in ((LATE, LATE), (LATER, LATER), (LATE, LATER)):
        document["deleted"] = []
        document.deleted("work_item", row, moment)
        read(document)
        assert rows_of(written(), "deleted") == [{"type": "work_item", "id": row["id"], "deleted_at": kept}]
    assert Activity.objects.filter(action=Action.DELETED).count() == 1

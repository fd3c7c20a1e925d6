"""Import of a complete, real board of the original tool."""

from __future__ import annotations

import json
from collections.abc import Callable

from projects.models import Activity, Comment, Dependency, Project, SwimLane, User, WorkItem
from tests.boards import REAL, counts
from tests.projects.transfer.conftest import Read

Written = Callable[..., bytes]


def test_board_imports_except_its_dangling_dependency(read: Read, board: bytes) -> None:
    expected = counts(board)
    found = read(board)
    assert found["projects"] == {"created": 1, "updated": 0, "skipped": 0, "deleted": 0}
    assert found["work_items"]["created"] == expected["work_items"] == WorkItem.objects.living().count()
    assert found["comments"]["created"] == expected["comments"] == Comment.objects.living().count()
    assert found["dependencies"]["created"] == expected["dependencies"] - 1 == Dependency.objects.living().count()
    (skipped,) = found["skipped_rows"]
    named = json.loads(board)["dependencies"][skipped["row"]]
    assert (skipped["collection"], skipped["field"], skipped["id"]) == ("dependencies", "blocked_item_id", named["id"])
    assert named["blocked_item_id"] in skipped["reason"]
    assert found["renumbered"] == []
    assert found["detached"] == []


def test_board_has_the_known_counts(read: Read, board: bytes) -> None:
    found = read(board)
    created = [found[name]["created"] for name in ("projects", "work_items", "comments", "dependencies")]
    # The small board stands in where the real one is missing.
    assert created == ([1, 194, 64, 59] if REAL.exists() else [1, 4, 1, 1])
    assert found["skipped_rows"][0]["row"] == (11 if REAL.exists() else 1)


def test_order_is_that_of_the_file_and_a_move_changes_one_row(read: Read, board: bytes, actor: User) -> None:
    read(board)
    rows = sorted(json.loads(board)["work_items"], key=lambda row: (row["position"], row["item_number"]))
    found = list(WorkItem.objects.in_order().select_related("project"))
    assert [str(item.pk) for item in found] == [row["id"] for row in rows]
    before, count = list(WorkItem.objects.values()), Activity.objects.count()
    found[-1].move(actor=actor, after=found[0])
    assert [item.pk for item in WorkItem.objects.in_order()[:2]] == [found[0].pk, found[-1].pk]
    assert len([row for row in WorkItem.objects.values() if row not in before]) == 1
    assert Activity.objects.count() == count + 1


def test_second_import_changes_nothing(read: Read, board: bytes, written: Written) -> None:
    read(board)
    before, activity = written(), Activity.objects.count()
    found = read(board)
    for name in ("projects", "work_items", "comments", "dependencies"):
        assert found[name] == {"created": 0, "updated": 0, "skipped": counts(board)[name], "deleted": 0}
    assert (written(), Activity.objects.count()) == (before, activity)


def test_export_of_an_imported_export_has_the_same_bytes(
    read: Read, board: bytes, written: Written, wipe: Callable[[], None]
) -> None:
    read(board)
    first = written()
    wipe()
    read(first)
    assert written() == first


def test_next_item_gets_the_next_number(read: Read, board: bytes) -> None:
    read(board)
    project = Project.objects.get()
    actor = User.objects.actor("ada")
    item = WorkItem.objects.create(actor=actor, project=project, item_type="task", title="Next")
    assert item.display_key == "PONE-221"


def test_texts_and_stamps_are_unchanged(read: Read, board: bytes) -> None:
    read(board)
    for row in json.loads(board)["work_items"]:
        item = WorkItem.objects.get(pk=row["id"])
        assert item.description == row["description"].strip()
        assert int(item.updated_at.timestamp()) == row["updated_at"]
        assert (str(item.created_by_id), item.version) == (row["created_by"], row["version"])


def test_project_without_lanes_gets_the_default_ones(read: Read, board: bytes) -> None:
    found = read(board)
    lanes = SwimLane.objects.order_by("position").values_list("status_value", flat=True)
    assert list(lanes) == ["backlog", "todo", "in_progress", "review", "done"]
    assert found["swim_lanes"]["created"] == 5


def test_each_written_row_has_an_activity(read: Read, board: bytes) -> None:
    found = read(board)
    created = sum(found[name]["created"] for name in found if isinstance(found[name], dict) and name != "users")
    assert Activity.objects.filter(action="created", actor__username="ada").count() == created
    item = WorkItem.objects.select_related("project").first()
    assert item is not None
    entry = Activity.objects.get(entity_id=item.pk)
    values = {change["field"]: change["new"] for change in entry.changes}
    assert set(values) == set(WorkItem.tracked)
    assert (entry.display_key, values["title"]) == (item.display_key, item.title)
    assert values["parent_id"] == (str(item.parent_id) if item.parent_id else None)


def test_referenced_users_are_created_without_permissions(read: Read, board: bytes) -> None:
    read(board)
    for user in User.objects.exclude(username="ada"):
        assert not user.has_usable_password()
        assert not (user.is_staff)
        assert not (user.is_superuser)
    assert User.objects.get(username="llm").is_agent

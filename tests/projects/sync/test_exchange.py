from __future__ import annotations

import io
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet

from projects.models import Activity, Comment, Project, Sprint, SyncBoard, User, WorkItem
from projects.models.edits import undo
from projects.models.sync import FormerKey, former_item
from projects.models.user import id_of
from projects.sync import exchange, publishing
from projects.sync.exceptions import Busy, Malformed
from projects.transfer import export, importer
from tests.projects.sync.clones import BoardClone, Log, add_items, assert_equal, exported, joined_pair, sync_both
from tests.projects.sync.scripts import clock

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


# Note the items that are written in a table of the connection.
NOTE_UPDATES = {
    "sqlite": (
        "CREATE TEMP TABLE touched (id)",
        "CREATE TEMP TRIGGER touch AFTER UPDATE ON projects_workitem BEGIN INSERT INTO touched VALUES (new.id); END",
    ),
    "postgresql": (
        "CREATE TEMP TABLE touched (id uuid)",
        "CREATE FUNCTION pg_temp.touch() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN INSERT INTO touched VALUES (new.id); RETURN NULL; END'",
        "CREATE TRIGGER touch AFTER UPDATE ON projects_workitem FOR EACH ROW EXECUTE FUNCTION pg_temp.touch()",
    ),
}


def test_own_change_that_arrives_is_not_written_again(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        item = WorkItem.objects.get()
        item.update(actor=ada.user, title="Renamed", labels=["a"])
        with connection.cursor() as cursor:
            for statement in NOTE_UPDATES[connection.vendor]:
                cursor.execute(statement)
            ada.sync(log)
            assert cursor.execute("SELECT count(*) FROM touched").fetchone() == (0,)
            assert Activity.objects.of(item).filter(position=None).count() == 0
    with bob:
        bob.sync(log)
        WorkItem.objects.get().update(actor=bob.user, title="Changed")
        bob.sync(log)
    with ada, connection.cursor() as cursor:
        ada.sync(log)
        assert cursor.execute("SELECT id FROM touched").fetchall() == [(item.pk.hex,)]
        cursor.execute("DROP TRIGGER touch" + (" ON projects_workitem" if connection.vendor == "postgresql" else ""))
        cursor.execute("DROP TABLE touched")
    assert_equal(log, ada, bob)


@pytest.mark.parametrize("first", ["ada", "bob"])
def test_offline_creations_keep_every_item_and_published_keys(make_board_clone: Make, log: Log, first: str) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    shown = {}
    for clone in (ada, bob):
        with clone:
            project = Project.objects.get(key="PONE")
            made = [
                WorkItem.objects.create(
                    actor=clone.user, project=project, item_type="task", title=f"{clone.person} {n}"
                )
                for n in range(50)
            ]
            shown[clone.person] = {item.display_key: item.pk for item in made}
    one, other = (ada, bob) if first == "ada" else (bob, ada)
    with one:
        one.sync(log)
        published = {item.pk: item.display_key for item in WorkItem.objects.select_related("project")}
    assert_equal(log, other, one)
    with other:
        keys = {item.pk: item.display_key for item in WorkItem.objects.select_related("project")}
        assert len(keys) == len(set(keys.values())) == 101
        assert published.items() <= keys.items()
        for key, pk in shown[other.person].items():
            found = [item.pk for item in WorkItem.objects.identified_by(key)]
            assert pk in found or FormerKey.objects.get(key=key).item_id == pk


def test_concurrent_changes_of_different_fields_are_both_kept(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        WorkItem.objects.get().update(actor=ada.user, priority="high", labels=["mine"])
        ada.sync(log)
    with bob:
        WorkItem.objects.get().update(actor=bob.user, status="done", labels=["yours"])
    assert_equal(log, bob, ada)
    with ada:
        item = WorkItem.objects.get()
        assert (item.priority, item.status, item.labels) == ("high", "done", ["mine", "yours"])
        assert item.completed_at is not None
        authors = {change["field"]: row.actor.username for row in item_history(item) for change in row.changes}
        assert authors["status"] == "bob"
        assert authors["priority"] == "ada"


def test_later_change_wins_and_the_other_is_marked(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with bob:
        WorkItem.objects.get().update(actor=bob.user, title="From Bob")
    with ada:
        WorkItem.objects.get().update(actor=ada.user, title="From Ada")
        ada.sync(log)
    assert_equal(log, bob, ada)
    with ada:
        item = WorkItem.objects.get()
        assert item.title == "From Ada"
        (lost,) = item_history(item).filter(standing="superseded")
        assert (lost.actor.username, lost.changes[0]["new"]) == ("bob", "From Bob")


def test_part_of_a_change_that_lost_is_marked_and_does_not_count(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with bob:
        WorkItem.objects.get().update(actor=bob.user, title="From Bob", priority="high")
    with ada:
        WorkItem.objects.get().update(actor=ada.user, title="From Ada")
        ada.sync(log)
    with bob:
        report = bob.fetch(log)
        assert [(one["standing"], one["reason"]) for one in report.conflicts] == [
            ("superseded", "a later change of title won")
        ]
    assert_equal(log, bob, ada)
    for clone in (ada, bob):
        with clone:
            item = WorkItem.objects.get()
            assert (item.title, item.priority) == ("From Ada", "high")
            activity = item_history(item).get(actor__username="bob")
            assert [(change["field"], change.get("lost")) for change in activity.changes] == [
                ("title", True),
                ("priority", None),
            ]
            assert (activity.standing, activity.reason) == ("", "a later change of title won")
    with ada:
        item = WorkItem.objects.get()
        undo(item_history(item).get(actor__username="bob"), actor=ada.user)
        item.refresh_from_db()
        assert (item.title, item.priority) == ("From Ada", "medium")


def test_who_had_seen_the_other_wins_whatever_the_clocks_say(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada, clock(timedelta(days=3650)):
        WorkItem.objects.get().update(actor=ada.user, title="From a clock ten years fast")
        ada.sync(log)
    with bob:
        bob.sync(log)
        WorkItem.objects.get().update(actor=bob.user, title="Answered")
    assert_equal(log, bob, ada)
    with ada:
        assert WorkItem.objects.get().title == "Answered"


def test_second_active_sprint_is_void_and_reported(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    for clone in (ada, bob):
        with clone:
            project = Project.objects.get(key="PONE")
            dates = {"start_date": date(2026, 3, 1), "end_date": date(2026, 3, 14)}
            sprint = Sprint.objects.create(actor=clone.user, project=project, name=f"Of {clone.person}", **dates)
            sprint.start(actor=clone.user)
    with ada:
        ada.sync(log)
    with bob:
        report = bob.fetch(log)
        assert [(conflict["standing"], conflict["reason"]) for conflict in report.conflicts] == [
            ("void", "the sprint Of ada is active")
        ]
    assert_equal(log, bob, ada)
    with ada:
        assert sorted(Sprint.objects.values_list("name", "status")) == [("Of ada", "active"), ("Of bob", "planned")]


def test_child_of_a_deleted_parent_comes_without_it(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        project = Project.objects.get(key="PONE")
        epic = WorkItem.objects.create(actor=ada.user, project=project, item_type="epic", title="Epic")
    sync_both(log, ada, bob)
    with ada:
        WorkItem.objects.get(pk=epic.pk).soft_delete(actor=ada.user)
        ada.sync(log)
    with bob:
        project = Project.objects.get(key="PONE")
        WorkItem.objects.create(
            actor=bob.user, project=project, item_type="story", title="Story", parent=WorkItem.objects.get(pk=epic.pk)
        )
    assert_equal(log, bob, ada)
    with ada:
        assert WorkItem.objects.get(title="Story").parent is None


def test_same_bytes_again_change_nothing(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with bob:
        WorkItem.objects.get().update(actor=bob.user, title="Once")
        bob.sync(log)
        before = exported()
    log.log.append(log.log[-1])  # a copy of the clone published it again
    with ada:
        ada.fetch(log)
        assert exported() == before
    assert_equal(log, ada, bob)


def test_restored_backup_and_copy_do_no_harm(make_board_clone: Make, log: Log, tmp_path: Path) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        add_items(ada, 3)
        ada.sync(log)
        WorkItem.objects.filter(title="Item 0").get().update(actor=ada.user, title="Unpublished in the backup")
    backup = ada.content()
    with ada:
        WorkItem.objects.filter(title="Item 1").get().update(actor=ada.user, title="After the backup")
        add_items(ada, 4)
        ada.sync(log)
    copy = BoardClone(tmp_path / "copy.db", backup, "ada")
    with copy:
        WorkItem.objects.filter(title="Item 2").get().update(actor=copy.user, title="By the restored one")
        add_items(copy, 4)
    with ada:
        WorkItem.objects.filter(title="First").get().update(actor=ada.user, title="By the other one")
        add_items(ada, 1)
    try:
        assert_equal(log, copy, ada, bob)
        with bob:
            titles = Counter(WorkItem.objects.values_list("title", flat=True))
            changed = ("Unpublished in the backup", "After the backup", "By the restored one", "By the other one")
            assert [titles[title] for title in changed] == [1, 1, 1, 1]
            assert sum(titles.values()) == 1 + 3 + 4 + 4 + 1
            keys = [item.display_key for item in WorkItem.objects.select_related("project")]
            assert len(set(keys)) == len(keys)
            assert not Activity.objects.filter(standing="void").exists()
    finally:
        copy.close()


def test_import_travels_with_its_dates_and_authors(make_board_clone: Make, log: Log) -> None:
    source, ada, bob = make_board_clone("carol"), *joined_pair(make_board_clone, log)
    with source:
        project = Project.objects.create(actor=source.user, key="OLD", title="Old")
        with clock(timedelta(days=-300)):
            epic = WorkItem.objects.create(actor=source.user, project=project, item_type="epic", title="Epic")
            WorkItem.objects.create(actor=source.user, project=project, item_type="task", title="Task", parent=epic)
        file = io.BytesIO()
        export.write(file)
    file.seek(0)
    with ada:
        importer.read(file, actor=ada.user)
    assert_equal(log, ada, bob)
    with bob:
        task = WorkItem.objects.get(title="Task")
        assert (task.parent_id, task.created_by.username, task.created_at) == (epic.pk, "carol", task.updated_at)


def test_clone_with_a_board_unites_both(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    carol = make_board_clone("carol")
    with carol:
        project = Project.objects.create(actor=carol.user, key="PONE", title="Another project of this key")
        WorkItem.objects.create(actor=carol.user, project=project, item_type="task", title="Of Carol")
        carol.join()
        report = carol.fetch(log)
        assert report.notes == ["the project PONE is now PONE2: another project has the key PONE"]
        # The key that this clone showed still leads to its item here, so that a write by it is refused.
        assert former_item("PONE-1") == WorkItem.objects.get(title="Of Carol").pk
    assert_equal(log, carol, ada, bob)
    with bob:
        assert {item.display_key for item in WorkItem.objects.select_related("project")} == {"PONE-1", "PONE2-1"}


def test_log_that_breaks_its_format_changes_nothing(make_board_clone: Make, log: Log) -> None:
    _, bob = joined_pair(make_board_clone, log)
    with bob:
        before = exported()
        for line in ("{", "[]", "{}", '{"id": 1}', log.log[-1].replace('"at":"2', '"at":"x'), "\x00", "[" * 100_000):
            bad = Log()
            bad.log = [*log.log, line]
            with pytest.raises(Malformed, match="segment"):
                bob.fetch(bad)
        assert exported() == before
        assert SyncBoard.objects.get().segments == len(log.log)


def item_history(item: WorkItem) -> QuerySet[Activity]:
    return Activity.objects.of(item).select_related("actor")


def test_large_import_is_split_and_keeps_every_row(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    rows = [
        {"id": str(uuid.UUID(int=number)), "project_id": str(uuid.UUID(int=1)), "item_number": number}
        | {"item_type": "epic" if number == 1200 else "story", "title": f"Row {number}"}
        | {"parent_id": None if number == 1200 else str(uuid.UUID(int=1200))}
        | {"created_at": "2026-01-01T00:00:00Z", "created_by": str(id_of("ada")), "position": number}
        for number in range(2, 1201)
    ]
    project = {"id": str(uuid.UUID(int=1)), "key": "BIG", "title": "Big"}
    project |= {"created_at": "2026-01-01T00:00:00Z", "created_by": str(id_of("ada"))}
    document = {"schema_version": 1, "projects": [project], "work_items": rows}
    with ada:
        importer.read(io.BytesIO(json.dumps(document).encode()), actor=ada.user)
    assert_equal(log, ada, bob)
    with bob:
        assert WorkItem.objects.filter(parent__isnull=False).count() == 1198
        assert not Activity.objects.exclude(standing="").exists()


def test_who_changed_something_in_a_session_is_an_agent_elsewhere(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        project = Project.objects.get(key="PONE")
        for name, session in (("claude", "s1"), ("maria", "")):
            actor = User.objects.actor(name, is_agent=bool(session))
            actor.session_id = session
            WorkItem.objects.create(actor=actor, project=project, item_type="task", title=name)
        ada.sync(log)
    with bob:
        User.objects.actor("claude", is_agent=False)
        bob.sync(log)
        assert User.objects.get(username="claude").kind == "person"  # as this clone knew it
        assert not User.objects.get(username="maria").is_kind_confirmed
        users = Activity.objects.filter(session="s1").values_list("actor__username", flat=True)
        assert list(users) == ["claude"]


def test_new_agent_of_the_log_stays_one(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        actor = User.objects.actor("claude")
        actor.session_id = "s1"
        project = Project.objects.get(key="PONE")
        WorkItem.objects.create(actor=actor, project=project, item_type="task", title="New")
        ada.sync(log)
    with bob:
        bob.sync(log)
        assert User.objects.get(username="claude").kind == "agent"


def test_items_made_during_a_sync_do_not_block_the_reserved_numbers(make_board_clone: Make, log: Log) -> None:
    ada = make_board_clone("ada")
    with ada:
        project = Project.objects.create(actor=ada.user, key="PONE", title="One")
        ada.join()
        ada.fetch(log)
        parcel = publishing.prepare()  # with a reservation
        add_items(ada, 3)
        log.push(SyncBoard.objects.get().segments, parcel.segments, parcel.checkpoint)
        ada.fetch(log)
        add_items(ada, 25)
        assert set(project.work_items.values_list("item_number", flat=True)) == set(range(1, 29))
    bob = make_board_clone("bob")
    with bob:
        bob.join()
    assert_equal(log, ada, bob)
    with bob:
        assert WorkItem.objects.count() == 28
        assert not FormerKey.objects.exists()


def test_external_reference_stays_with_the_first_item_in_a_log_of_format_1(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log, oldest=True)
    for clone in (ada, bob):
        with clone:
            project = Project.objects.get(key="PONE")
            values = {"item_type": "task", "title": f"Of {clone.person}", "external_ref": "gh-1"}
            WorkItem.objects.create(actor=clone.user, project=project, **values)
    with ada:
        ada.sync(log)
    with bob:
        report = bob.fetch(log)
        assert any("does not get the external_ref gh-1" in note for note in report.notes)
    assert_equal(log, bob, ada)
    with ada:
        found = dict(WorkItem.objects.values_list("title", "external_ref"))
        assert (found["Of ada"], found["Of bob"]) == ("gh-1", "")


def test_transaction_of_several_actors_is_published_under_the_name_of_each(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        item = WorkItem.objects.get()
        with transaction.atomic():
            for name in ("eve", "ada", "eve"):
                actor = User.objects.actor(name, is_agent=False)
                Comment.objects.create(actor=actor, work_item=item, content=f"By {name}")
    assert_equal(log, ada, bob)
    with bob:
        assert sorted(row.created_by.username for row in Comment.objects.all()) == ["ada", "eve", "eve"]


def test_late_sync_without_news_does_not_move_the_board_back(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    newer = Log()
    with bob:
        WorkItem.objects.create(actor=bob.user, project=Project.objects.get(), item_type="task", title="Second")
        newer.log = [*log.log, *publishing.prepare().segments]

    class Interrupted(Log):
        """The log as it was before; another sync ends while it is read."""

        def segments(self, after: int) -> Iterator[str | None]:
            exchange.follow(newer, head="newer")
            yield from ()

    with ada:
        with pytest.raises(Busy):
            exchange.follow(Interrupted(), head="older")
        board = SyncBoard.objects.get()
        assert (board.head, board.segments) == ("newer", len(newer.log))

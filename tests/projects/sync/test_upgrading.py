"""The format of the log: an old one is written until a person upgrades the board, and new rules hold from there."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from django.core.exceptions import ValidationError

from projects.entities.work_item import WORK_ITEM
from projects.models import (
    Activity,
    Check,
    Comment,
    Criterion,
    Project,
    Question,
    Review,
    SyncBoard,
    User,
    Waiver,
    WorkItem,
)
from projects.models.review import accept
from projects.sync import git_tree, operations, publishing, repairing, upgrading
from projects.sync.exceptions import Malformed, Newer
from projects.transfer import export, importer
from projects.transfer.exceptions import BadFile
from tests.projects.sync.clones import BoardClone, Log, assert_equal, exported, found_pair, joined_pair
from tests.projects.sync.test_uniting import imported

Make = Callable[[str], BoardClone]


def test_new_rules_hold_from_the_upgrade_on(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log, oldest=True)
    for clone in (ada, bob):
        with clone:
            imported(clone, "before")
    assert_equal(log, ada, bob)
    with ada:
        assert WorkItem.objects.filter(title__startswith="Of ").count() == 2
        upgrading.upgrade()
        upgrading.upgrade()
        imported(ada, "after")
        assert publishing.prepare().format == git_tree.FORMAT
        assert SyncBoard.objects.get().format == 1
    with bob:
        imported(bob, "after")
    assert_equal(log, ada, bob)
    for clone in (ada, bob):
        with clone:
            assert SyncBoard.objects.get().format == git_tree.FORMAT
            assert WorkItem.objects.filter(external_ref="after").count() == 1
            assert WorkItem.objects.filter(title__startswith="Of ").count() == 3
            assert publishing.prepare().format == 0
            repairing.verify(log)
            repairing.rebuild(log)
            assert SyncBoard.objects.get().format == git_tree.FORMAT
    assert sum('"format":2' in segment for segment in log.log) == 1


def test_two_clones_upgrade_at_once(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log, oldest=True)
    for clone in (ada, bob):
        with clone:
            upgrading.upgrade()
    assert_equal(log, ada, bob)
    with bob:
        assert SyncBoard.objects.get().format == git_tree.FORMAT


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A version of pm with one more format, in which work items have got a due date."""
    number = git_tree.FORMAT + 1
    for module in (git_tree, operations, upgrading):
        monkeypatch.setattr(module, "FORMAT", number)
    monkeypatch.setattr(WORK_ITEM.field("due_date"), "since", number)
    _forget_fields()
    yield number
    monkeypatch.undo()
    _forget_fields()


def _forget_fields() -> None:
    WORK_ITEM._travelling, WORK_ITEM._later = {}, None
    operations._fields.cache_clear()


def test_newer_field_waits_for_the_upgrade(make_board_clone: Make, log: Log, newer: int) -> None:
    ada, bob = found_pair(make_board_clone, log, oldest=True)
    with ada:
        item = WorkItem.objects.select_related("project").get()
        with pytest.raises(ValidationError, match=r"due_date.*pm sync upgrade"):
            item.update(actor=ada.user, due_date=date(2026, 3, 1))
        with pytest.raises(ValidationError, match="pm sync upgrade"):
            imported(ada, due_date=date(2026, 3, 1))
        item.update(actor=ada.user, title="Renamed")
        ada.sync(log)
        assert "due_date" not in "".join(log.log)
        upgrading.upgrade()
        ada.sync(log)
        item.update(actor=ada.user, due_date=date(2026, 3, 1))
    assert_equal(log, ada, bob)
    with bob:
        assert WorkItem.objects.get().due_date == date(2026, 3, 1)


def test_values_of_a_newer_format_are_not_imported_and_not_lost(make_board_clone: Make, log: Log, newer: int) -> None:
    found_pair(make_board_clone, log, oldest=True)
    carol = make_board_clone("carol")
    with carol:
        project = Project.objects.create(actor=carol.user, key="CAROL", title="Carol")
        values = {"item_type": "task", "title": "Due", "due_date": date(2026, 3, 1)}
        item = WorkItem.objects.create(actor=carol.user, project=project, **values)
        file = io.BytesIO()
        export.write(file)
        carol.join()
        carol.sync(log)
        item.refresh_from_db()
        item.update(actor=carol.user, title="Renamed")
        carol.sync(log)
        item.refresh_from_db()
        assert (item.title, item.due_date) == ("Renamed", date(2026, 3, 1))
        document = json.loads(file.getvalue())
        document["work_items"][0] |= {"version": 9, "updated_at": "2030-01-01T00:00:00Z"}
        with pytest.raises(BadFile, match="pm sync upgrade"):
            importer.read(io.BytesIO(json.dumps(document).encode()), actor=carol.user)


def test_field_before_its_format_is_malformed(newer: int) -> None:
    pk = "12345678-1234-4234-8234-123456789012"
    change = {"at": "2026-01-31T12:00:00.000000Z", "type": "work_item", "id": pk, "action": "updated"}
    line = operations.encode(
        {"id": "0" * 32, "base": 0, "by": "ada", "ops": [{**change, "set": {"due_date": [None, "2026-03-01"]}}]}
    )
    with pytest.raises(Malformed, match=f"no field due_date in format {newer - 1}"):
        operations.parse(line, newer - 1)
    assert operations.parse(line, newer).operations


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        ({"format": git_tree.FORMAT + 1, "ops": []}, Newer),
        ({"format": 2, "ops": [{}]}, Malformed),
        ({"format": -1, "ops": []}, Malformed),
        ({"ops": []}, Malformed),
    ],
)
def test_wrong_change_of_the_format_is_refused(keys: dict[str, object], error: type[Malformed]) -> None:
    with pytest.raises(error):
        operations.parse(operations.encode({"id": "0" * 32, "base": 0, "by": "ada", **keys}))


def test_what_the_old_format_could_not_say_is_published_after_the_upgrade(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log, oldest=True)
    carol = make_board_clone("carol")
    with carol:
        project = Project.objects.create(actor=carol.user, key="CAROL", title="Carol", review_policy="required")
        Check.objects.create(actor=carol.user, project=project, name="tests", command="make test")
        made = [
            WorkItem.objects.create(actor=carol.user, project=project, item_type="task", title=f"Item {number}")
            for number in range(3)
        ]
        Question.objects.create(actor=carol.user, work_item=made[0], text="Which one?")
        Criterion.objects.create(actor=carol.user, work_item=made[0], text="It works")
        made[1].update(actor=User.objects.actor("claude"), status="review")
        accept(made[1], actor=carol.user, text="Good")
        Waiver.objects.create(actor=carol.user, work_item=made[2], reason="No machine")
        Comment.objects.create(actor=carol.user, work_item=made[2], content="So be it", kind="decision")
        carol.join()
        carol.sync(log)
    assert "Which one?" not in "".join(log.log)
    with bob:
        bob.sync(log)
        assert WorkItem.objects.get(title="Item 1").closing is None
        upgrading.upgrade()
        bob.sync(log)
    with carol:
        carol.sync(log)
        carol.sync(log)
        assert publishing.prepare().segments == []  # all of it once
    assert_equal(log, ada, bob)
    with carol:
        carol.sync(log)
        board = exported()
    with ada:
        assert (Question.objects.get().text, Criterion.objects.get().text) == ("Which one?", "It works")
        assert (Check.objects.get().command, Waiver.objects.get().reason) == ("make test", "No machine")
        assert Review.objects.get().verdict == "accepted"
        assert WorkItem.objects.get(title="Item 1").closing == "accepted"
        assert Project.objects.get(key="CAROL").review_policy == "required"
        assert Comment.objects.get().kind == "decision"
        assert Activity.objects.of(Question.objects.get()).get().actor.username == "carol"
        ada.fetch(log)
        repairing.verify(log)
        assert exported() == board

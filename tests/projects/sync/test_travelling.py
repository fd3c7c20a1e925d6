"""Every field of every entity that is described as travelling arrives in another clone, created or changed."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from projects.entities import spec
from projects.entities.registry import ENTITIES
from projects.models import Activity, Attachment, Comment, Project, Review, SyncBoard, Tombstone, User, Waiver, WorkItem
from projects.models.base import Entity
from projects.models.review import accept
from projects.sync import outbox
from projects.transfer import importer
from tests.projects.entity_rows import LISTED, complete
from tests.projects.sqlite.boards import EXPORT
from tests.projects.sync.clones import BoardClone, Log, assert_equal, exported, joined_pair

# Unique, read-only afterwards or only for some rows: other tests and the random scripts change them.
ELSEWHERE = {("swim_lane", "status_value"), ("project", "status"), ("work_item", "close_reason")}
Make = Callable[[str], BoardClone]


def changed(field: spec.Field, row: Any) -> Any:
    """Return another value for the field."""
    value = getattr(row, field.column)
    if field.name in LISTED:
        return LISTED[field.name][1]
    match field.kind:
        case spec.LINE | spec.TEXT:
            return f"Another {field.name}"
        case spec.CHOICE:
            return next(choice for choice in reversed(field.choices) if choice not in (value, "done"))
        case spec.NUMBER:
            return field.range[1] - 1 if value is None else value + 1
        case spec.LABELS:
            return [*value, "another"]
        case spec.DAY:
            return value - timedelta(days=1) if value else date(2026, 3, 1)
        case spec.MOMENT:
            return value - timedelta(seconds=1)
        case spec.RANK:
            return f"{value}a0"
        case spec.PERSON:
            return User.objects.actor("newcomer", is_agent=False).pk
    raise AssertionError(f"no other value for {field.name}")


def test_fields_of_a_board_that_joins_travel(make_board_clone: Make, log: Log) -> None:
    ada, bob = make_board_clone("ada"), make_board_clone("bob")
    with ada, gzip.open(EXPORT) as packed:
        importer.read(io.BytesIO(packed.read()), actor=ada.user)
        Tombstone.objects.all().delete()  # what the file says was deleted was never here
        complete(User.objects.get(pk=ada.user.pk))
        ada.join(founds=True)
        ada.sync(log)
    with bob:
        bob.join()
    assert_equal(log, ada, bob)
    with bob:
        board = exported()
        assert all(board[entity.plural] for entity in ENTITIES if entity.travelling)
        assert not Attachment._base_manager.exists()  # they stay in their clone


def test_changed_fields_travel(make_board_clone: Make, log: Log) -> None:
    ada, bob = make_board_clone("ada"), make_board_clone("bob")
    with ada, gzip.open(EXPORT) as packed:
        importer.read(io.BytesIO(packed.read()), actor=ada.user)
        Tombstone.objects.all().delete()  # what the file says was deleted was never here
        complete(User.objects.get(pk=ada.user.pk))
        ada.join(founds=True)
        ada.sync(log)
    with bob:
        bob.join()
        bob.sync(log)
    wanted: dict[tuple[str, str], Any] = {}
    with ada:
        for entity in ENTITIES:
            model = Entity.by_type[entity.name]
            for field in entity.travelling:
                if not (field.update or field.kind == spec.RANK) or (entity.name, field.name) in ELSEWHERE:
                    continue
                row = _row_for(model)
                actor = User.objects.get(pk=getattr(row, "user_id", None) or row.created_by_id)
                if field.kind != spec.REFERENCE:
                    row.update(actor=actor, **{field.column: changed(field, row)})
                    wanted[str(row.pk), field.name] = getattr(row, field.column)
        ada.sync(log)
    with bob:
        bob.sync(log)
        for (pk, name), value in wanted.items():
            found = [row for model in Entity.by_type.values() for row in model._base_manager.filter(pk=pk)]
            assert getattr(found[0], found[0].spec.field(name).column) == value, (found[0], name)
    assert len(wanted) > 20
    assert_equal(log, ada, bob)


def _row_for(model: type[Entity]) -> Any:
    """Return a row that may be changed."""
    rows = model._base_manager.filter(deleted_at=None)
    if model.entity_type == "sprint":
        rows = rows.filter(status="planned")
    if model.entity_type == "time_entry":
        rows = rows.exclude(ended_at=None)
    found = rows.order_by("pk").first()
    assert found is not None
    return found


def test_decision_arrives_unconfirmed_and_a_later_change_ends_the_confirmation(
    make_board_clone: Make, log: Log
) -> None:
    ada, bob = make_board_clone("ada"), make_board_clone("bob")
    with ada:
        project = Project.objects.create(actor=ada.user, key="PONE", title="One")
        item = WorkItem.objects.create(actor=ada.user, project=project, item_type="task", title="First")
        decision = Comment.objects.create(actor=ada.user, work_item=item, content="Use SQLite", kind="decision")
        assert not decision.is_unconfirmed
        ada.join(founds=True)
        ada.sync(log)
    with bob:
        bob.join()
        bob.sync(log)
        found = Comment.objects.unconfirmed().get()
        found.confirm(actor=bob.user)
    with ada:
        decision.update(actor=ada.user, content="Use files")
        ada.sync(log)
    with bob:
        bob.sync(log)
        assert Comment.objects.unconfirmed().get().content == "Use files"
    assert_equal(log, ada, bob)


def test_comment_in_the_first_format_is_a_plain_comment(make_board_clone: Make, log: Log) -> None:
    ada, bob = make_board_clone("ada"), make_board_clone("bob")
    with ada:
        project = Project.objects.create(actor=ada.user, key="PONE", title="One")
        item = WorkItem.objects.create(actor=ada.user, project=project, item_type="task", title="First")
        ada.join()
        Comment.objects.create(actor=ada.user, work_item=item, content="Said")
        with pytest.raises(ValidationError, match="pm sync upgrade"):
            Comment.objects.create(actor=ada.user, work_item=item, content="Use SQLite", kind="decision")
        ada.sync(log)
    assert "kind" not in "".join(log.log)
    with bob:
        bob.join()
        bob.fetch(log)
        assert Comment.objects.get().kind == "comment"
    assert_equal(log, ada, bob)


def test_comment_without_a_kind_is_a_plain_comment(make_board_clone: Make, log: Log) -> None:
    ada, bob = make_board_clone("ada"), make_board_clone("bob")
    with ada:
        project = Project.objects.create(actor=ada.user, key="PONE", title="One")
        item = WorkItem.objects.create(actor=ada.user, project=project, item_type="task", title="First")
        ada.join(founds=True)
        ada.sync(log)
        Comment.objects.create(actor=ada.user, work_item=item, content="Said")
        ada.sync(log)
    kind = ',"kind":[null,"comment"]'
    assert kind in log.log[-1]
    log.log[-1] = log.log[-1].replace(kind, "")
    with bob:
        bob.join(founds=True)
        bob.fetch(log)
        assert Comment.objects.get().kind == "comment"


def test_review_and_waiver_have_the_same_history_in_all_clones(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        item = WorkItem.objects.get()
        Review.objects.hand_in(item, actor=ada.user, text="Look")
        item.refresh_from_db()
        accept(item, actor=ada.user)  # without a text, which another decision may have
        item.update(actor=ada.user, status="todo")
        Waiver(work_item=item, reason="Good enough").insert(actor=ada.user)
    assert_equal(log, ada, bob)
    with bob:
        rows = Activity.objects.filter(entity_type__in=("review", "waiver")).order_by("position", "id")
        assert {row.display_key for row in rows} == {"PONE-1"}
        assert Review.objects.get().verdict == "accepted"


def test_attachment_stays_in_its_clone_and_is_no_unpublished_change(make_board_clone: Make, log: Log) -> None:
    ada, bob = make_board_clone("ada"), make_board_clone("bob")
    with ada:
        project = Project.objects.create(actor=ada.user, key="PONE", title="One")
        item = WorkItem.objects.create(actor=ada.user, project=project, item_type="task", title="First")
        ada.join(founds=True)
        ada.sync(log)
        file = Attachment.objects.create(actor=ada.user, work_item=item, name="a.png", content=b"content")
        assert outbox.count(SyncBoard.objects.get()) == 0
        file.soft_delete(actor=ada.user)
        file.restore(actor=ada.user)
        ada.sync(log)
        assert Attachment.objects.get().content == b"content"
    with bob:
        bob.join()
        bob.sync(log)
        assert WorkItem.objects.get().title == "First"
        assert not Attachment._base_manager.exists()
        assert not Activity.objects.filter(entity_type="attachment").exists()
    assert_equal(log, ada, bob)

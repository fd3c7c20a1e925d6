"""A Hypothesis state machine that applies each operation to the real board and to an in-memory reference model."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)

from projects.models import Activity, Project, Sprint, User, WorkItem
from projects.models.work_items.choices import Status
from tests.projects.links import miscounted
from tests.projects.models import reference

KINDS = st.sampled_from(["epic", "story", "task", "task"])
STATUSES = st.sampled_from([*Status.values, Status.DONE, Status.DONE])
FORCE = st.sampled_from([False, False, False, True])
PICK = st.integers(min_value=0, max_value=5)  # a list index, modulo the length
# Initial items: kind and index of the parent.
FIRST = (("epic", None), ("story", 0), ("task", 1), ("task", None))
DATES = {"start_date": date(2026, 1, 1), "end_date": date(2026, 1, 15)}


class BoardMachine(RuleBasedStateMachine):
    def begin(self) -> None:
        """Create a board with a few items."""
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.actor = User.objects.actor("ada")
        self.project = Project.objects.create(actor=self.actor, key="PONE", title="t")
        self.board = reference.Board()
        for kind, parent in FIRST:
            self.create(kind, parent, "")
        self.plan_sprint()

    def teardown(self) -> None:
        if hasattr(self, "undo"):
            self.check_replay()
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    @rule(kind=KINDS, parent=st.none() | PICK, title=st.text(min_size=1, max_size=5, alphabet="ab c"))
    def create(self, kind: str, parent: int | None, title: str) -> None:
        above = self.item(parent) if parent is not None and self.board.items else None
        refusal = self.board.refuses_parent(kind, above)
        values = {"item_type": kind, "title": f"x{title}", "parent_id": above.pk if above else None}
        with self.refused_as(refusal):
            made = WorkItem.objects.create(actor=self.actor, project=self.project, **values)
        if refusal is None:
            number = len(self.board.items) + 1
            assert made.item_number == number
            self.board.items.append(reference.Item(made.pk, number, kind, above))

    @precondition(lambda self: self.board.items)
    @rule(pick=PICK, status=STATUSES, force=FORCE)
    def set_status(self, pick: int, status: str, force: bool) -> None:
        item = self.item(pick)
        refusal = self.board.refuses_status(item, status, force)
        with self.refused_as(refusal):
            self.load(item).update(actor=self.actor, status=status, force=force)
        if refusal is None:
            self.board.set_status(item, status)

    def plan_sprint(self) -> None:
        sprint = Sprint.objects.create(actor=self.actor, project=self.project, name="S", **DATES)
        self.board.sprints.append(reference.Sprint(sprint.pk))

    @invariant()
    def both_boards_are_the_same(self) -> None:
        if not hasattr(self, "board"):
            return
        rows = {item.pk: item for item in WorkItem.objects.all()}
        assert len(rows) == len(self.board.items)
        for item in self.board.items:
            row = rows[item.pk]
            above = rows[row.parent_id] if row.parent_id else None
            assert (row.item_number, row.item_type, row.status) == (item.number, item.kind, item.status)
            assert (row.parent_id, row.sprint_id) == (pk_of(item.parent), pk_of(item.sprint))
            assert ((row.deleted_at is None), (row.claimed_by_id is not None)) == (item.deletion is None, item.claimed)
            assert above is None or above.item_type in reference.PARENTS[row.item_type]
            assert above is None or above.deleted_at is None or row.deleted_at is not None
        assert {item.pk for item in WorkItem.objects.all().ready()} == {item.pk for item in self.board.ready()}
        assert miscounted() == []
        assert Project.objects.get(pk=self.project.pk).next_work_item_number == len(rows) + 1

    @invariant()
    def nothing_blocks_itself(self) -> None:
        if hasattr(self, "board"):
            for link in self.board.links:
                if link.kind == "blocks" and not link.deleted:
                    assert not self.board.reaches(link.blocked, link.blocking)

    def check_replay(self) -> None:
        """Assert that replaying all activity yields the current state. Runs once, at the end."""
        replayed: dict[Any, dict[str, Any]] = {}
        for row in Activity.objects.filter(entity_type="work_item").order_by("id"):
            state = replayed.setdefault(row.entity_id, {"version": 0})
            assert row.version == state["version"] + 1
            for change in row.changes:
                assert change["old"] == state.get(change["field"])
                state[change["field"]] = change["new"]
            state["version"] = row.version
            state["deleted"] = {"deleted": True, "restored": False}.get(row.action, state.get("deleted", False))
        for item in WorkItem.objects.all():
            state = replayed[item.pk]
            assert (state["version"], state["deleted"]) == (item.version, item.deleted_at is not None)
            for name in item.tracked:
                value = getattr(item, name)
                assert state[name] == (str(value) if isinstance(value, uuid.UUID) else value), name

    @contextlib.contextmanager
    def refused_as(self, refusal: type[Exception] | None) -> Iterator[None]:
        """Expect the block to raise `refusal` and roll back, or to succeed if `refusal` is None."""
        expected = pytest.raises(refusal) if refusal is not None else contextlib.nullcontext()
        with expected, transaction.atomic():
            yield

    def item(self, pick: int) -> reference.Item:
        return self.board.items[pick % len(self.board.items)]

    def living(self, least: int) -> list[reference.Item]:
        living = [item for item in self.board.items if item.deletion is None]
        return living if len(living) >= least else []

    def load(self, item: reference.Item) -> WorkItem:
        return WorkItem.objects.select_related("project").get(pk=item.pk)

    def order(self) -> list[int]:
        return list(WorkItem.objects.living().in_order().values_list("item_number", flat=True))


def pk_of(thing: Any) -> uuid.UUID | None:
    return thing.pk if thing is not None else None

"""Random operations on the real board and on a reference model: same refusals, same final state."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from projects.models import Dependency, Project, Sprint
from projects.models.exceptions import NothingReady, Refused
from projects.models.work_items.choices import Priority
from projects.models.work_items.claims import claim_next
from tests.projects.models import reference
from tests.projects.models.machine import PICK, BoardMachine


class TreeMachine(BoardMachine):
    """Parents, positions, deletions."""

    @initialize()
    def begin_to_grow(self) -> None:
        self.begin()

    @precondition(lambda self: self.board.items)
    @rule(pick=PICK, other=st.none() | PICK)
    def set_parent(self, pick: int, other: int | None) -> None:
        item, above = self.item(pick), None if other is None else self.item(other)
        refusal = self.board.refuses_parent(item.kind, above) if above is not item.parent else None
        if refusal is None and above is not None and above is not item.parent and self.board.links_across(item, above):
            refusal = ValidationError
        refusal = refusal if item.deletion is None else Refused
        with self.refused_as(refusal):
            self.load(item).update(actor=self.actor, parent_id=above.pk if above else None)
        if refusal is None:
            item.parent = above

    @precondition(lambda self: self.board.items)
    @rule(pick=PICK, priority=st.sampled_from(Priority.values), labels=st.lists(st.sampled_from("abc")))
    def edit(self, pick: int, priority: str, labels: list[str]) -> None:
        item = self.item(pick)
        with self.refused_as(None if item.deletion is None else Refused):
            self.load(item).update(actor=self.actor, priority=priority, labels=labels, story_points=len(labels))
            item.priority = priority

    @precondition(lambda self: self.living(2))
    @rule(pick=PICK, other=PICK, before=st.booleans())
    def move(self, pick: int, other: int, before: bool) -> None:
        living = self.living(2)
        item, neighbour = living[pick % len(living)], living[other % len(living)]
        order = self.order()
        with self.refused_as(ValidationError if item is neighbour else None):
            self.load(item).move(actor=self.actor, **{"before" if before else "after": self.load(neighbour)})
            order.remove(item.number)
            order.insert(order.index(neighbour.number) + (not before), item.number)
        assert self.order() == order

    @precondition(lambda self: self.board.items)
    @rule(pick=PICK, recursive=st.booleans())
    def delete(self, pick: int, recursive: bool) -> None:
        item = self.item(pick)
        refusal = self.board.refuses_delete(item, recursive)
        with self.refused_as(refusal):
            self.load(item).soft_delete(actor=self.actor, recursive=recursive)
        if refusal is None:
            self.board.delete(item)

    @precondition(lambda self: self.board.items)
    @rule(pick=PICK, deleted=st.booleans())
    def restore(self, pick: int, deleted: bool) -> None:
        gone = [item for item in self.board.items if item.deletion is not None]
        item = gone[pick % len(gone)] if deleted and gone else self.item(pick)
        refusal = self.board.refuses_restore(item)
        with self.refused_as(refusal):
            self.load(item).restore(actor=self.actor)
        if refusal is None:
            self.board.restore(item)


class FlowMachine(BoardMachine):
    """Claims, dependencies, sprints."""

    @initialize()
    def begin_to_flow(self) -> None:
        self.begin()
        self.depend(2, 3, "blocks")
        for pick in (1, 2):
            self.put_into_sprint(pick, 0)
        self.set_status(2, "done", True)

    @rule()
    def plan_another_sprint(self) -> None:
        self.plan_sprint()

    @precondition(lambda self: self.board.items)
    @rule(pick=PICK)
    def claim(self, pick: int) -> None:
        item = self.item(pick)
        refusal = self.board.refuses_claim(item)
        with self.refused_as(refusal):
            self.load(item).claim(actor=self.actor)
        if refusal is None:
            self.board.claim(item)

    @rule()
    def claim_next(self) -> None:
        ready = {item.pk: item for item in self.board.ready()}
        with self.refused_as(None if ready else NothingReady):
            claimed, _ = claim_next(Project.objects.get(pk=self.project.pk), actor=self.actor)
            item = ready[claimed.pk]
            urgencies = [Priority.values.index(each.priority) for each in ready.values()]
            assert Priority.values.index(item.priority) == max(urgencies)
            self.board.claim(item)

    @precondition(lambda self: self.board.items)
    @rule(pick=PICK)
    def release(self, pick: int) -> None:
        claimed = [item for item in self.board.items if item.claimed]
        item = claimed[pick % len(claimed)] if claimed else self.item(pick)
        with self.refused_as(None if item.claimed and item.deletion is None else Refused):
            self.load(item).release(actor=self.actor, force=True)
            item.status, item.claimed = item.before, False

    @precondition(lambda self: self.board.items)
    @rule(pick=PICK, other=PICK, kind=st.sampled_from(["blocks", "blocks", "relates_to"]))
    def depend(self, pick: int, other: int, kind: str) -> None:
        blocking, blocked = self.item(pick), self.item(other)
        ends = {"blocking_item": self.load(blocking), "blocked_item": self.load(blocked)}
        with self.refused_as(self.board.refuses_link(blocking, blocked, kind)):
            made = Dependency.objects.create(actor=self.actor, dependency_type=kind, **ends)
            self.board.links.append(reference.Link(made.pk, blocking, blocked, kind))

    @precondition(lambda self: any(not link.deleted for link in self.board.links))
    @rule(pick=PICK)
    def undepend(self, pick: int) -> None:
        links = [link for link in self.board.links if not link.deleted]
        link = links[pick % len(links)]
        Dependency.objects.get(pk=link.pk).soft_delete(actor=self.actor)
        link.deleted = True

    @precondition(lambda self: self.board.sprints and self.board.items)
    @rule(pick=PICK, other=st.none() | PICK)
    def put_into_sprint(self, pick: int, other: int | None) -> None:
        item = self.item(pick)
        sprint = None if other is None else self.board.sprints[other % len(self.board.sprints)]
        with self.refused_as(self.board.refuses_sprint(item, sprint)):
            self.load(item).update(actor=self.actor, sprint_id=sprint.pk if sprint else None)
            item.sprint = sprint

    @precondition(lambda self: any(sprint.status == "planned" for sprint in self.board.sprints))
    @rule()
    def run_sprint(self) -> None:
        sprint = next(sprint for sprint in self.board.sprints if sprint.status == "planned")
        real = Sprint.objects.get(pk=sprint.pk)
        real.start(actor=self.actor)
        real.complete(actor=self.actor)
        self.board.complete(sprint)


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("machine", [TreeMachine, FlowMachine])
def test_random_operations_keep_every_invariant(machine: type[BoardMachine]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20,
            stateful_step_count=40,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

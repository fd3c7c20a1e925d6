from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from projects.models import Dependency, Project, User, WorkItem
from projects.models.exceptions import Conflict, Cycle, HasBlockers
from tests.projects.models.constraints import refused_by_the_database

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]
Link = Callable[..., Dependency]


@pytest.fixture
def link(user: User) -> Link:
    def make(blocking: WorkItem, blocked: WorkItem, kind: str = "blocks") -> Dependency:
        return Dependency.objects.create(actor=user, blocking_item=blocking, blocked_item=blocked, dependency_type=kind)

    return make


def test_item_does_not_depend_on_itself(make_item: Make, link: Link) -> None:
    item = make_item()
    with pytest.raises(ValidationError) as caught:
        link(item, item)
    assert caught.value.message_dict == {"blocked_item_id": ["PONE-1 can't depend on itself"]}


def test_items_of_two_projects_do_not_depend_on_each_other(
    make_item: Make, make_project: Callable[..., Project], link: Link
) -> None:
    other = make_item(project=make_project("TWO"))
    with pytest.raises(ValidationError) as caught:
        link(make_item(), other)
    assert caught.value.message_dict == {"blocked_item_id": ["TWO-1 belongs to another project"]}


@pytest.mark.parametrize("end", ["blocking_item_id", "blocked_item_id"])
def test_deleted_item_gets_no_dependency(make_item: Make, link: Link, user: User, end: str) -> None:
    gone, item = make_item(), make_item()
    gone.soft_delete(actor=user)
    with pytest.raises(ValidationError) as caught:
        link(*((gone, item) if end == "blocking_item_id" else (item, gone)))
    assert caught.value.message_dict == {end: ["PONE-1 is deleted"]}


def test_second_dependency_of_the_same_items_is_refused(make_item: Make, link: Link) -> None:
    one, two = make_item(), make_item()
    link(one, two)
    with pytest.raises(Conflict, match="the dependency PONE-1 → PONE-2 already exists") as caught:
        link(one, two, "relates_to")
    assert caught.value.field == "blocked_item_id"


def test_cycle_is_refused_with_its_shortest_path(make_item: Make, link: Link) -> None:
    one, two, three = make_item(), make_item(), make_item()
    link(one, two)
    link(two, three)
    with pytest.raises(Cycle) as caught:
        link(three, one)
    assert caught.value.path == ["PONE-3", "PONE-1", "PONE-2", "PONE-3"]


def test_relation_makes_no_cycle(make_item: Make, link: Link) -> None:
    one, two = make_item(), make_item()
    link(one, two)
    assert link(two, one, "relates_to").pk


def test_restore_that_would_close_a_cycle_is_refused(make_item: Make, link: Link, user: User) -> None:
    one, two = make_item(), make_item()
    first = link(one, two)
    first.soft_delete(actor=user)
    link(two, one)
    with pytest.raises(Cycle):
        first.restore(actor=user)


def test_restore_at_a_deleted_item_is_refused(make_item: Make, link: Link, user: User) -> None:
    one, two = make_item(), make_item()
    first = link(one, two)
    first.soft_delete(actor=user)
    two.soft_delete(actor=user)
    with pytest.raises(Conflict, match="PONE-2 is deleted; restore it first"):
        Dependency.objects.get().restore(actor=user)


def test_item_with_an_unfinished_blocker_is_not_done_unless_forced(make_item: Make, link: Link, user: User) -> None:
    one, two = make_item(), make_item()
    link(one, two)
    with pytest.raises(HasBlockers, match="PONE-2 is blocked: PONE-1") as caught:
        two.update(actor=user, status="done")
    assert caught.value.items == [one]
    assert two.update(actor=user, status="done", force=True)


def test_item_is_done_after_its_blockers(make_item: Make, link: Link, user: User) -> None:
    one, two, three = make_item(), make_item(), make_item()
    link(one, three)
    link(two, three, "relates_to")
    one.update(actor=user, status="done")
    assert three.update(actor=user, status="done")


def test_database_refuses_wrong_dependencies(make_item: Make, user: User) -> None:
    one, two, three = make_item(), make_item(), make_item()
    link = Dependency.objects.create(actor=user, blocking_item=one, blocked_item=two)
    Dependency.objects.create(actor=user, blocking_item=one, blocked_item=three)
    refused_by_the_database(Dependency, link.pk, dependency_type="hates")
    refused_by_the_database(Dependency, link.pk, blocked_item_id=one.pk.hex)
    refused_by_the_database(Dependency, link.pk, blocked_item_id=three.pk.hex)


def test_cycle_among_many_paths_is_found_quickly(make_item: Make, user: User) -> None:
    # Each rung of a ladder doubles the number of paths: a search that walks them all never ends.
    rungs = [(make_item(), make_item()) for _ in range(40)]
    for low, high in itertools.pairwise(rungs):
        for one in low:
            for two in high:
                Dependency.objects.create(actor=user, blocking_item=one, blocked_item=two)
    with pytest.raises(Cycle) as caught:
        Dependency.objects.create(actor=user, blocking_item=rungs[1][0], blocked_item=rungs[0][0])
    assert caught.value.path == ["PONE-3", "PONE-1", "PONE-3"]
    with pytest.raises(Cycle) as caught:
        Dependency.objects.create(actor=user, blocking_item=rungs[-1][0], blocked_item=rungs[0][0])
    assert len(caught.value.path) == 41

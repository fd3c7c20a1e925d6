"""A move writes one row, whatever the neighbours."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects.models import Activity, Project, User, WorkItem
from projects.models.exceptions import Conflict
from projects.ordering_keys import FIRST, MAX_LENGTH, key_between
from tests.projects.plans import steps, unindexed

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]
MOVES = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.booleans()), max_size=30)


@pytest.fixture
def line(make_item: Make) -> list[WorkItem]:
    """PONE-1 to PONE-4, with rising IDs."""
    return [make_item(id=uuid.UUID(int=number)) for number in range(1, 5)]


def numbers() -> list[int]:
    return list(WorkItem.objects.living().in_order().values_list("item_number", flat=True))


def move(number: int, **where: int) -> bool:
    ((name, neighbour),) = where.items()
    get = WorkItem.objects.select_related("project").get
    user = User.objects.actor("ada")
    return get(item_number=number).move(actor=user, **{name: get(item_number=neighbour)})


def rows() -> dict[int, tuple[Any, ...]]:
    fields = ("version", "updated_at", "updated_by", "position")
    return {number: values for number, *values in WorkItem.objects.values_list("item_number", *fields)}


def changed(before: dict[int, tuple[Any, ...]]) -> set[int]:
    return {number for number, values in rows().items() if values != before[number]}


@settings(max_examples=40, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_moves_agree_with_a_list_and_change_only_the_moved_item(make_item: Make, moves: list[Any]) -> None:
    while WorkItem.objects.count() < 8:
        make_item()
    order = numbers()
    for pick, other, is_before in moves:
        number, neighbour = pick + 1, other + 1
        if number == neighbour:
            continue
        expected = [each for each in order if each != number]
        expected.insert(expected.index(neighbour) + (not is_before), number)
        before, count = rows(), Activity.objects.count()
        assert move(number, **{"before" if is_before else "after": neighbour}) is (expected != order)
        assert changed(before) == ({number} if expected != order else set())
        assert Activity.objects.count() - count == len(changed(before))
        order = expected
        assert numbers() == order
        assert list(WorkItem.objects.order_by("position", "pk").values_list("item_number", flat=True)) == order


def test_many_moves_to_one_place_keep_positions_short(line: list[WorkItem]) -> None:
    for round_ in range(200):
        move(3 + round_ % 2, after=1)
    assert numbers()[:2] == [1, 4]
    assert max(len(item.position) for item in WorkItem.objects.all()) <= 7


@pytest.mark.parametrize(
    ("number", "where", "expected"),
    [
        (4, {"before": 1}, [4, 1, 2, 3]),
        (4, {"after": 3}, [1, 2, 3, 4]),
        (4, {"after": 1}, [1, 2, 3, 4]),  # after all three, where it is
        (4, {"before": 3}, [4, 1, 2, 3]),  # before all three
        (1, {"after": 3}, [2, 3, 1, 4]),
        (1, {"after": 2}, [2, 3, 1, 4]),
        (3, {"before": 1}, [3, 1, 2, 4]),
        (3, {"before": 2}, [3, 1, 2, 4]),
        (2, {"after": 1}, [1, 2, 3, 4]),
        (2, {"before": 3}, [1, 2, 3, 4]),
    ],
)
def test_move_among_equal_positions_keeps_the_asked_side(
    line: list[WorkItem], number: int, where: dict[str, int], expected: list[int]
) -> None:
    WorkItem.objects.filter(item_number__lt=4).update(position=FIRST)
    before, count = rows(), Activity.objects.count()
    assert move(number, **where) is (expected != [1, 2, 3, 4])
    assert numbers() == expected
    assert changed(before) == ({number} if expected != [1, 2, 3, 4] else set())
    assert Activity.objects.count() - count == len(changed(before))


@pytest.mark.parametrize("where", [{"after": 1}, {"before": 3}])
def test_move_between_equal_positions_shares_theirs_if_all_readers_agree(
    line: list[WorkItem], where: dict[str, int]
) -> None:
    WorkItem.objects.filter(item_number__in=(1, 3)).update(position=FIRST)
    WorkItem.objects.filter(item_number=2).update(position="a9")
    assert move(2, **where)
    for order in (("position", "item_number"), ("position", "pk")):
        assert list(WorkItem.objects.order_by(*order).values_list("item_number", flat=True)) == [1, 2, 3, 4]


@pytest.mark.parametrize(("where", "expected"), [({"after": 1}, [1, 3, 2]), ({"before": 3}, [2, 1, 3])])
def test_move_between_equal_positions_in_another_order_by_id_goes_beside_them(
    make_item: Make, where: dict[str, int], expected: list[int]
) -> None:
    for place in (1, 3, 2):
        make_item(id=uuid.UUID(int=place))
    WorkItem.objects.update(position=FIRST)
    WorkItem.objects.filter(item_number=2).update(position="a9")
    assert move(2, **where) is (expected != [1, 3, 2])
    for order in (("position", "item_number"), ("position", "pk")):
        assert list(WorkItem.objects.order_by(*order).values_list("item_number", flat=True)) == expected


def test_move_does_not_take_the_position_of_a_deleted_item(line: list[WorkItem], user: User) -> None:
    move(3, after=1)
    between = WorkItem.objects.get(item_number=3)
    between.soft_delete(actor=user)
    assert move(4, after=1)
    assert numbers() == [1, 4, 2]
    between.restore(actor=user)
    assert numbers() == [1, 4, 3, 2]
    assert len({item.position for item in WorkItem.objects.all()}) == 4


def test_new_item_comes_after_a_deleted_one(line: list[WorkItem], make_item: Make, user: User) -> None:
    line[3].soft_delete(actor=user)
    make_item()
    line[3].restore(actor=user)
    assert numbers() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("is_before", [True, False])
def test_move_goes_on_to_where_the_position_is_short_enough(line: list[WorkItem], is_before: bool) -> None:
    low = "a0" * (MAX_LENGTH // 2)
    high = low[:-1] + "1"
    assert len(key_between(low, high)) > MAX_LENGTH
    for number, position in enumerate((low, high, "a1"), 1):
        WorkItem.objects.filter(item_number=number).update(position=position)
    before = rows()
    assert move(4, **({"before": 2} if is_before else {"after": 1}))
    assert numbers() == ([4, 1, 2, 3] if is_before else [1, 2, 4, 3])
    assert changed(before) == {4}


def test_extreme_positions_prevent_no_creation_and_no_move(line: list[WorkItem], make_item: Make) -> None:
    extreme = f"z{'z' * 26}" * 7 + f"j{'z' * 10}"
    assert len(extreme) == MAX_LENGTH
    assert len(key_between(extreme, None)) > MAX_LENGTH
    WorkItem.objects.filter(item_number=4).update(position=extreme)
    make_item()
    assert numbers() == [1, 2, 3, 4, 5]
    with pytest.raises(Conflict, match="no room after PONE-5; move that item first"):
        move(1, after=5)
    assert move(5, before=1)
    assert numbers() == [5, 1, 2, 3, 4]


@pytest.mark.parametrize("position", ["", "0", "a 0", "a-", "ä0", "a0" * 101, 1.0])
def test_database_refuses_what_is_no_key(line: list[WorkItem], position: object) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE projects_workitem SET position = %s", [position])


@pytest.mark.parametrize("position", ["", "a", "1.0", 1.0, None, "a0" * 101])
def test_model_refuses_what_is_no_key(line: list[WorkItem], user: User, position: object) -> None:
    with pytest.raises(ValidationError, match="ordering key"):
        line[0].update(actor=user, position=position)


def test_database_orders_positions_by_their_bytes(line: list[WorkItem]) -> None:
    for number, position in enumerate(("Zz", "a0", "a0Zz", "aB"), 1):
        WorkItem.objects.filter(item_number=number).update(position=position)
    assert numbers() == [1, 2, 3, 4] == sorted(numbers(), key=lambda number: rows()[number][3].encode())


def test_positions_are_found_by_an_index(line: list[WorkItem], project: Project) -> None:
    line[3].soft_delete(actor=project.created_by)
    with CaptureQueriesContext(connection) as queries:
        assert WorkItem.objects.last_position(project.pk) == "a3"
        assert WorkItem.objects.next_position(project.pk, "a2", before=False) == "a3"
        assert WorkItem.objects.next_position(project.pk, "a2", before=True, other_than=line[1]) == "a0"
    assert unindexed(queries) == []
    plan = steps(queries)
    assert sum("item_by_position" in step for step in plan) == 3, plan
    assert sum("item_deleted" in step for step in plan) == 3, plan

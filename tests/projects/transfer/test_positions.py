"""Positions in files: keys are taken over, numbers keep the order of the file."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects.models import Activity, User, WorkItem
from projects.ordering_keys import parse
from tests.projects.transfer.conftest import Read
from tests.projects.transfer.rows import LATE, LATER, Document, rows_of

Written = Callable[..., bytes]


def numbers() -> list[int]:
    return list(WorkItem.objects.in_order().values_list("item_number", flat=True))


def positions() -> dict[int, str]:
    return dict(WorkItem.objects.values_list("item_number", "position"))


def move(actor: User, number: int, **where: int) -> None:
    ((name, other),) = where.items()
    get = WorkItem.objects.select_related("project").get
    get(item_number=number).move(actor=actor, **{name: get(item_number=other)})


def test_move_on_an_imported_board_changes_one_row(read: Read, document: Document, actor: User) -> None:
    for number in range(1, 55):
        document.item(number, position=1)  # as in agile-board, where 54 items share the first position
    read(document)
    assert numbers() == [*range(1, 55)]
    before = {item.pk: (item.version, item.updated_at, item.position) for item in WorkItem.objects.all()}
    count = Activity.objects.count()
    move(actor, 54, after=1)
    assert numbers() == [1, 54, *range(2, 54)]
    after = {item.pk: (item.version, item.updated_at, item.position) for item in WorkItem.objects.all()}
    assert len([pk for pk in after if after[pk] != before[pk]]) == 1
    assert Activity.objects.count() == count + 1


def test_numbers_keep_the_order_of_the_file_whatever_the_order_of_its_rows(read: Read, document: Document) -> None:
    for number, position in ((1, 7), (2, -1.5), (3, 0.1 + 0.2), (4, 0.3), (5, 7.0), (6, None)):
        document.item(number, position=position)
    read(document)
    assert numbers() == [2, 6, 4, 3, 1, 5]  # none is 0
    assert [positions()[number] for number in numbers()] == ["a0", "a1", "a2", "a3", "a4", "a5"]


def test_positions_of_a_file_are_per_project(read: Read, document: Document) -> None:
    other = document.project(key="PTWO")["id"]
    for number in (1, 2):
        document.item(number, position=number)
        document.item(number, position=number, project_id=other)
    read(document)
    assert sorted(WorkItem.objects.values_list("project__key", "position")) == [
        *(("PONE", "a0"), ("PONE", "a1"), ("PTWO", "a0"), ("PTWO", "a1")),
    ]


def test_keys_are_taken_as_they_are(read: Read, document: Document, written: Written) -> None:
    for number, position in ((1, "b00"), (2, "a0Zz"), (3, "Zz")):
        document.item(number, position=position)
    read(document)
    assert positions() == {1: "b00", 2: "a0Zz", 3: "Zz"}
    assert {row["position"] for row in rows_of(written(), "work_items")} == {"b00", "a0Zz", "Zz"}


def test_second_import_changes_nothing(read: Read, document: Document, written: Written, actor: User) -> None:
    for number in range(1, 6):
        document.item(number, position=number % 3)
    read(document)
    assert read(document)["work_items"]["updated"] == 0
    move(actor, 5, before=3)
    before, count = written(), Activity.objects.count()
    assert read(document)["work_items"] == {"created": 0, "updated": 0, "skipped": 5, "deleted": 0}
    assert (written(), Activity.objects.count()) == (before, count)


def test_new_rows_follow_the_row_before_them(read: Read, document: Document, actor: User) -> None:
    for number in (1, 2, 3):
        document.item(number, position=number)
    read(document)
    WorkItem.objects.create(actor=actor, project=WorkItem.objects.all()[0].project, item_type="task", title="Only here")
    held = positions()
    for number, position in ((11, 0), (12, 1.5), (13, 1.6), (14, 3.5)):
        document.item(number, position=position)
    read(document)
    assert numbers() == [11, 1, 12, 13, 2, 3, 14, 4]
    assert held.items() <= positions().items()


def test_rows_without_a_row_on_the_board_come_last(read: Read, document: Document) -> None:
    document.item(1, position=5)
    read(document)
    document["work_items"].clear()
    for number in (2, 3):
        document.item(number, position=number)
    read(document)
    assert numbers() == [1, 2, 3]


def test_newer_row_gets_the_place_that_the_file_gives_it(read: Read, document: Document) -> None:
    rows = [document.item(number, position=number) for number in range(1, 6)]
    read(document)
    held = positions()
    rows[4] |= {"position": 1.5, "updated_at": LATE}
    rows[2] |= {"title": "Newer", "updated_at": LATE}
    read(document)
    assert numbers() == [1, 5, 2, 3, 4]
    assert {number for number, position in positions().items() if held[number] != position} == {5}
    changes = [row.changes for row in Activity.objects.filter(action="updated").order_by("id")]
    assert {change["field"] for row in changes for change in row} == {"position", "title"}


def test_newer_row_gives_way_to_rows_that_are_not_written(read: Read, document: Document, actor: User) -> None:
    rows = [document.item(number, position=number) for number in (1, 2)]
    read(document)
    move(actor, 2, before=1)  # newer than the file
    rows[0] |= {"updated_at": LATER, "position": 3}
    WorkItem.objects.filter(item_number=1).update(updated_at="2026-01-02T00:00:00Z")
    read(document)
    assert numbers() == [2, 1]
    rows[0] |= {"updated_at": "2026-04-01T00:00:00Z", "position": 1}
    read(document)
    assert numbers() == [1, 2]


ORDERS = st.lists(st.integers(0, 9), min_size=1, max_size=12)


@pytest.mark.django_db
@settings(max_examples=30, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=ORDERS, second=ORDERS, newer=st.sets(st.integers(0, 11)))
def test_written_rows_stand_in_the_order_of_the_file(
    read: Read, wipe: Callable[[], None], first: list[int], second: list[int], newer: set[int]
) -> None:
    """Any board and any file: written rows are in order, with the others as far as these are in order themselves."""
    wipe()
    document = Document()
    document.project(id=str(uuid.UUID(int=1)), key="PONE")
    rows = [document.item(number, position=position) for number, position in enumerate(first) if number]
    read(document)
    before = positions()
    for number, position in enumerate(second):
        if not number:
            continue
        if number > len(rows):
            rows.append(document.item(number))
        rows[number - 1]["position"] = position
        if number in newer:
            rows[number - 1]["updated_at"] = LATE
    read(document)
    after = positions()
    assert all(parse(position) for position in after.values())
    assert len(set(after.values())) == len(after)
    in_file = sorted(rows, key=lambda row: (row["position"], row["item_number"]))
    order = [row["item_number"] for row in in_file]
    is_kept = {number for number in before if number not in newer or number >= len(second)}
    assert all(after[number] == before[number] for number in is_kept)
    kept = [number for number in order if number in is_kept]
    if [before[number] for number in kept] == sorted(before[number] for number in kept):
        assert numbers() == order
    else:
        assert [number for number in numbers() if number not in is_kept] == [
            number for number in order if number not in is_kept
        ]

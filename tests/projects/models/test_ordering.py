from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from projects.models import Project, User, WorkItem
from projects.models.exceptions import StaleVersion

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


def order() -> str:
    return "".join(item.title for item in WorkItem.objects.in_order())


@pytest.fixture
def items(make_item: Make) -> dict[str, WorkItem]:
    return {title: make_item(title) for title in "ABCD"}


@pytest.mark.parametrize(
    ("title", "before", "after", "result"),
    [
        ("D", "A", None, "DABC"),
        ("D", "B", None, "ADBC"),
        ("A", None, "D", "BCDA"),
        ("A", None, "B", "BACD"),
        ("A", "B", None, "ABCD"),
        ("B", None, "A", "ABCD"),
    ],
)
def test_moved_item_is_beside_its_neighbour(
    items: dict[str, WorkItem], user: User, title: str, before: str | None, after: str | None, result: str
) -> None:
    before_item, after_item = items.get(before or ""), items.get(after or "")
    assert items[title].move(actor=user, before=before_item, after=after_item) is (result != "ABCD")
    assert order() == result


def test_move_needs_one_neighbour(items: dict[str, WorkItem], user: User) -> None:
    item, other = items["A"], items["B"]
    with pytest.raises(ValidationError, match="give either before or after"):
        item.move(actor=user)
    with pytest.raises(ValidationError, match="give either before or after"):
        item.move(actor=user, before=other, after=other)
    with pytest.raises(ValidationError, match="PONE-1 can't be moved after itself"):
        item.move(actor=user, after=item)


def test_neighbour_of_another_project_is_refused(
    items: dict[str, WorkItem], make_item: Make, make_project: Callable[..., Project], user: User
) -> None:
    other = make_item(project=make_project("TWO"))
    with pytest.raises(ValidationError, match="TWO-1 belongs to another project"):
        items["A"].move(actor=user, before=other)


def test_stale_item_is_not_moved(items: dict[str, WorkItem], user: User) -> None:
    with pytest.raises(StaleVersion):
        items["D"].move(actor=user, before=items["A"], expected_version=2)
    assert order() == "ABCD"

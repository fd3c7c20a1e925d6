"""An item can't block its descendant, nor be blocked by it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from projects.models import Dependency, User, WorkItem
from projects.models.exceptions import Conflict

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


@pytest.fixture
def family(make_item: Make) -> list[WorkItem]:
    """An epic, its story, and the story's task."""
    epic = make_item("epic", item_type="epic")
    story = make_item("story", item_type="story", parent=epic)
    return [epic, story, make_item("task", parent=story)]


@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)])
def test_item_can_not_block_its_descendant_nor_the_reverse(
    family: list[WorkItem], user: User, one: int, other: int
) -> None:
    ends = {"blocking_item": family[one], "blocked_item": family[other]}
    with pytest.raises(Conflict, match="can't block its descendant"):
        Dependency.objects.create(actor=user, **ends)
    Dependency.objects.create(actor=user, dependency_type="relates_to", **ends)


@pytest.mark.parametrize("is_blocking", [True, False])
def test_item_can_not_come_below_what_it_is_linked_to(
    family: list[WorkItem], make_item: Make, user: User, is_blocking: bool
) -> None:
    story = make_item("another", item_type="story")
    child = make_item("child", parent=story)
    ends = (family[0], child) if is_blocking else (child, family[0])
    link = Dependency.objects.create(actor=user, blocking_item=ends[0], blocked_item=ends[1])
    with pytest.raises(ValidationError, match="PONE-1 blocks, or is blocked by, PONE-4 or an item below it"):
        story.update(actor=user, parent_id=family[0].pk)
    link.soft_delete(actor=user)
    story.update(actor=user, parent_id=family[0].pk)
    with pytest.raises(Conflict, match="can't block its descendant"):
        link.restore(actor=user)


def test_relation_is_seen_from_both_ends(make_item: Make, user: User) -> None:
    origin, found, double = make_item(), make_item(), make_item()
    for kind, other in (("discovered_from", found), ("duplicates", double)):
        Dependency.objects.create(actor=user, blocking_item=origin, blocked_item=other, dependency_type=kind)
    links = Dependency.objects.of(origin.pk).select_related("blocking_item__project", "blocked_item__project")
    seen = {name: [other.pk for _, other in rows] for name, rows in links.by_relation(origin).items() if rows}
    assert seen == {"discoveries": [found.pk], "duplicated_by": [double.pk]}
    assert [str(link) for link in links] == ["PONE-2 was discovered from PONE-1", "PONE-3 duplicates PONE-1"]
    assert [*WorkItem.objects.ready()] == [origin, found, double]

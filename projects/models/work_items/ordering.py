"""The manual order of work items: each item has an ordering key in its project, and a move changes only one key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db.models import Q

from projects.loose_types import Framework
from projects.models.exceptions import Conflict
from projects.ordering_keys import MAX_LENGTH, key_between

if TYPE_CHECKING:
    from projects.models.work_items.item import WorkItem
    from projects.models.work_items.queries import WorkItemQuerySet


def position_after(last: str | None) -> str:
    """Return the position of a new item, after the `last` position of its project."""
    position = key_between(last, None)
    # Only a file with extreme keys leads to a longer one. Then `last` is right, too: equal positions go by number.
    return position if last is None or len(position) <= MAX_LENGTH else last


def position_beside(item: WorkItem, neighbour: WorkItem, *, before: bool) -> str:
    """Return the position for `item` directly before or after `neighbour`; its present one if it is there already.

    Two clones may give several items the same position, and no key lies between equals. Readers order them by number
    or by ID: if `item` fits between them by both, it gets their position, else one on the asked side of all of them.
    It also passes items between which only a key of more than the maximum length would fit. Raises Conflict if even
    the end of the list has no room, which only a file with extreme keys can cause.
    """
    next_one = _beyond(item, neighbour, before).first()
    first, last = (next_one, neighbour) if before else (neighbour, next_one)

    def fits(key: Callable[[WorkItem], Framework]) -> bool:
        return (first is None or key(first) < key(item)) and (last is None or key(item) < key(last))

    present: str = item.position
    if fits(lambda each: (each.position, each.item_number)):
        return present
    position: str = neighbour.position
    are_equal = next_one is not None and next_one.position == position
    if are_equal and fits(lambda each: each.item_number) and fits(lambda each: each.pk):
        return position
    return _position_beyond(item, neighbour, before)


def _position_beyond(item: WorkItem, neighbour: WorkItem, before: bool) -> str:
    """Return the nearest position before or after `neighbour` that is free and not too long. Raises Conflict."""
    present: str = item.position
    position: str = neighbour.position
    while True:
        bound = type(item).objects.next_position(item.project_id, position, before=before, other_than=item)
        low, high = (bound, position) if before else (position, bound)
        if (low is None or low < present) and (high is None or present < high):
            return present
        found = key_between(low, high)
        if len(found) <= MAX_LENGTH:
            return found
        if bound is None:
            side = "before" if before else "after"
            raise Conflict(f"there is no room {side} {neighbour.display_key}; move that item first")
        position = bound


def _beyond(item: WorkItem, neighbour: WorkItem, before: bool) -> WorkItemQuerySet:
    """Return the other living items on this side of `neighbour`, nearest first."""
    side, sign = ("lt", "-") if before else ("gt", "")
    same = Q(position=neighbour.position, **{f"item_number__{side}": neighbour.item_number})
    others = type(item).objects.filter(project_id=item.project_id, deleted_at__isnull=True).exclude(pk=item.pk)
    beyond = others.filter(Q(**{f"position__{side}": neighbour.position}) | same)
    return beyond.order_by(f"{sign}position", f"{sign}item_number").only("position", "item_number")

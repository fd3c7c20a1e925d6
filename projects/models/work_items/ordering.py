"""The manual order of work items: each item has a numeric position in its project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

if TYPE_CHECKING:
    from projects.models.user import User
    from projects.models.work_items.item import WorkItem
    from projects.models.work_items.queries import WorkItemQuerySet

STEP = 1.0  # between neighbours that were never moved
ROOM = 2.0**-20  # minimum gap after shifting neighbours
CHUNK = 20  # items


def position_beside(item: WorkItem, neighbour: WorkItem, *, before: bool) -> float | None:
    """Return a position for `item` directly before or after `neighbour`; None if no float fits between two items."""
    next_one = _beyond(item, neighbour, before).values_list("position", flat=True).first()
    if next_one is None:
        is_there = item.position < neighbour.position if before else item.position > neighbour.position
        return item.position if is_there else neighbour.position + (-STEP if before else STEP)
    low, high = sorted((neighbour.position, next_one))
    if low < item.position < high:
        return item.position  # already there
    middle = low + (high - low) / 2
    return middle if low < middle < high else None


def make_room(item: WorkItem, neighbour: WorkItem, *, before: bool, actor: User) -> None:
    """Shift the items on this side of `neighbour` so that a position for `item` becomes free.

    Every shifted item gets a new version so that other clones converge; shift as few as possible.
    """
    start, end = neighbour.position, None
    pushed: list[WorkItem] = []
    for other in _beyond(item, neighbour, before).select_related("project").iterator(chunk_size=CHUNK):
        if abs(other.position - start) >= ROOM * (len(pushed) + 2):
            end = other.position
            break
        pushed.append(other)
    if end is None:
        end = start + (-STEP if before else STEP) * (len(pushed) + 2)
    for place, other in enumerate(pushed, 2):  # slot 1 is for the moved item
        other.update(actor=actor, position=start + (end - start) * place / (len(pushed) + 2))


def _beyond(item: WorkItem, neighbour: WorkItem, before: bool) -> WorkItemQuerySet:
    """Return the other items on this side of `neighbour`, nearest first."""
    side, sign = ("lt", "-") if before else ("gt", "")
    same = Q(position=neighbour.position, **{f"item_number__{side}": neighbour.item_number})
    others = type(item).objects.filter(project_id=item.project_id, deleted_at__isnull=True).exclude(pk=item.pk)
    beyond = others.filter(Q(**{f"position__{side}": neighbour.position}) | same)
    return beyond.order_by(f"{sign}position", f"{sign}item_number")

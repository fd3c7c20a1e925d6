"""The manual order of work items: each item has a numeric position in its project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q, QuerySet

if TYPE_CHECKING:
    from projects.models.user import User
    from projects.models.work_items.item import WorkItem

STEP = 1.0  # between neighbours that were never moved
ROOM = 2.0**-20  # minimum gap after shifting neighbours
CHUNK = 20  # items


class OrderMixin(models.Model):
    class Meta:
        abstract = True

    def move(  # type: ignore[misc]
        self: WorkItem,
        *,
        actor: User,
        before: WorkItem | None = None,
        after: WorkItem | None = None,
        expected_version: int | None = None,
    ) -> bool:
        """Move the item directly before or after another item of its project; return True if its place changed.

        Raises ValidationError or Refused.
        """
        if (before is None) is (after is None):
            raise ValidationError({"before": "give either before or after"})
        name, neighbour = ("before", before) if before is not None else ("after", after)
        if neighbour is None or neighbour.pk == self.pk:
            raise ValidationError({name: f"{self.display_key} can't be moved {name} itself"})
        if neighbour.project_id != self.project_id:
            raise ValidationError({name: f"{neighbour.display_key} belongs to another project"})
        with transaction.atomic():
            self.check_version(expected_version)
            place = self._place(neighbour, name == "before")
            if place is None:
                self._make_way(neighbour, name == "before", actor)
                place = self._place(neighbour, name == "before")
            return self.update(actor=actor, position=place)

    def _place(self: WorkItem, neighbour: WorkItem, before: bool) -> float | None:  # type: ignore[misc]
        """Return a position on this side of `neighbour`; None if no float fits before the next item."""
        next_one = self._beyond(neighbour, before).values_list("position", flat=True).first()
        if next_one is None:
            is_there = self.position < neighbour.position if before else self.position > neighbour.position
            return self.position if is_there else neighbour.position + (-STEP if before else STEP)
        low, high = sorted((neighbour.position, next_one))
        if low < self.position < high:
            return self.position  # already there
        middle = low + (high - low) / 2
        return middle if low < middle < high else None

    def _make_way(self: WorkItem, neighbour: WorkItem, before: bool, actor: User) -> None:  # type: ignore[misc]
        """Shift the items on this side of `neighbour` that leave no room for another position.

        Every shifted item gets a new version so that other clones converge; shift as few as possible.
        """
        start, end = neighbour.position, None
        pushed: list[WorkItem] = []
        for item in self._beyond(neighbour, before).select_related("project").iterator(chunk_size=CHUNK):
            if abs(item.position - start) >= ROOM * (len(pushed) + 2):
                end = item.position
                break
            pushed.append(item)
        if end is None:
            end = start + (-STEP if before else STEP) * (len(pushed) + 2)
        for place, item in enumerate(pushed, 2):  # slot 1 is for the moved item
            item.update(actor=actor, position=start + (end - start) * place / (len(pushed) + 2))

    def _beyond(self: WorkItem, neighbour: WorkItem, before: bool) -> QuerySet[WorkItem]:  # type: ignore[misc]
        """Return the other items on this side of `neighbour`, nearest first."""
        side, sign = ("lt", "-") if before else ("gt", "")
        same = Q(position=neighbour.position, **{f"item_number__{side}": neighbour.item_number})
        others = type(self).objects.filter(project_id=self.project_id, deleted_at__isnull=True).exclude(pk=self.pk)
        beyond = others.filter(Q(**{f"position__{side}": neighbour.position}) | same)
        return beyond.order_by(f"{sign}position", f"{sign}item_number")

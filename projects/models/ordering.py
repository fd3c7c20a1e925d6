"""The order of a project's work items: one line of positions, in which an item is put between two others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.db.models import Q

if TYPE_CHECKING:
    import uuid

    from projects.models.user import User
    from projects.models.work_item import WorkItem

STEP = 1.0  # between the positions of two neighbours that were never moved

_RENUMBER = """
    UPDATE projects_workitem SET position = line.place * %s
    FROM (
        SELECT id, row_number() OVER (ORDER BY position, item_number) AS place
        FROM projects_workitem WHERE project_id = %s
    ) AS line
    WHERE projects_workitem.id = line.id
"""


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
        """Put it right before one item of its project, or right after one; return whether its place changed.

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
                renumber(self.project_id)
                for item in (self, neighbour):
                    item.refresh_from_db(fields=["position"])
                place = self._place(neighbour, name == "before")
            return self.update(actor=actor, position=place)

    def _place(self: WorkItem, neighbour: WorkItem, before: bool) -> float | None:  # type: ignore[misc]
        """Return a position on this side of `neighbour`; None where no number is left between it and the next."""
        side, sign = ("lt", "-") if before else ("gt", "")
        same = Q(position=neighbour.position, **{f"item_number__{side}": neighbour.item_number})
        others = type(self)._base_manager.filter(project_id=self.project_id, deleted_at__isnull=True)
        next_one = (
            others.filter(Q(**{f"position__{side}": neighbour.position}) | same)
            .exclude(pk=self.pk)
            .order_by(f"{sign}position", f"{sign}item_number")
            .values_list("position", flat=True)
            .first()
        )
        if next_one is None:
            is_there = self.position < neighbour.position if before else self.position > neighbour.position
            return self.position if is_there else neighbour.position + (-STEP if before else STEP)
        low, high = sorted((neighbour.position, next_one))
        if low < self.position < high:
            return self.position  # it is there already
        middle = low + (high - low) / 2
        return middle if low < middle < high else None


def renumber(project_id: uuid.UUID) -> None:
    """Spread the positions of a project's items anew, in their order; it is no change of any item."""
    with connection.cursor() as cursor:
        cursor.execute(_RENUMBER, [STEP, project_id.hex])

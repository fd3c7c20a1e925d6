"""Acceptance criteria of work items."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from projects.entities.criterion import CRITERION
from projects.loose_types import FieldValue
from projects.models.activity import Action
from projects.models.base import Values
from projects.models.exceptions import Conflict, NotYours
from projects.models.fields import LineField
from projects.models.prepared_queries import Bound, Loading, Statement
from projects.models.project import DELETED, LIVING
from projects.models.work_items.child import WorkItemChild, WorkItemChildQuerySet
from projects.models.work_items.item import WorkItem

if TYPE_CHECKING:
    from projects.models.user import User

MAX_CRITERIA = 50  # of an item
NO_TICK: Values = {"ticked_by_id": None, "ticked_at": None}


class CriterionQuerySet(WorkItemChildQuerySet["Criterion"]):
    def in_order(self) -> Self:
        """Order as the numbers count them: `pm tick KEY 1` ticks the first one."""
        return self.order_by("position", "created_at", "pk")

    def of(self, item: WorkItem) -> list[Criterion]:
        """Return the living criteria of the item in order, ready to be written."""
        return _of_item().all(item=item.pk.hex)

    def numbered(self, item: WorkItem, numbers: Iterable[int]) -> list[Criterion]:
        """Return the criteria of the item with these numbers, which count from 1. Raises ValidationError."""
        wanted = list(dict.fromkeys(numbers))
        found = self.of(item) if wanted else []
        for number in wanted:
            if not 1 <= number <= len(found):
                known = f"it has {len(found)}" if found else "it has none"
                raise ValidationError({"numbers": f"{item.display_key} has no criterion {number}; {known}"})
        return [found[number - 1] for number in wanted]

    def progress(self, item: WorkItem) -> tuple[int, int]:
        """Return how many criteria of the item are ticked, and how many it has."""
        ticks = _ticks().rows(item=item.pk.hex)
        return sum(tick is not None for (tick,) in ticks), len(ticks)


class Criterion(WorkItemChild):
    """A criterion that must hold before its item is done.

    Anyone ticks it. An agent can't change or delete a criterion that a person wrote. A new text loses the tick, and
    closing the item freezes all of it.
    """

    spec = CRITERION

    work_item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="criteria")
    text = LineField(max_length=500, help_text="What must hold.")
    position = models.PositiveIntegerField(default=0, editable=False)
    ticked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+", db_index=False
    )
    ticked_at = models.DateTimeField(null=True, editable=False)

    objects = CriterionQuerySet.as_manager()

    class Meta:
        ordering = ("position", "created_at", "id")
        verbose_name_plural = "criteria"
        constraints = (
            models.CheckConstraint(condition=~models.Q(text=""), name="criterion_not_blank"),
            models.CheckConstraint(
                condition=models.Q(ticked_by__isnull=True, ticked_at__isnull=True)
                | models.Q(ticked_by__isnull=False, ticked_at__isnull=False),
                name="criterion_tick_whole",
            ),
        )
        indexes = (
            models.Index(fields=("work_item", "position", "created_at"), condition=LIVING, name="criterion_by_item"),
            models.Index(fields=("position", "id"), condition=LIVING, name="criterion_by_position"),
            models.Index(fields=("created_at", "id"), condition=LIVING, name="criterion_by_creation"),
            models.Index(fields=("created_at", "id"), condition=DELETED, name="criterion_deleted"),
        )

    def __str__(self) -> str:
        return str(self.text[:60])

    @property
    def is_ticked(self) -> bool:
        """True if it was seen to hold."""
        return self.ticked_by_id is not None

    def check_owner(self, actor: User) -> None:
        if not (actor.acts_as_person or self.created_by.is_agent):
            raise NotYours(f"only a person can change a criterion that a person wrote, here {self.created_by.username}")

    def check_insert(self) -> None:
        super().check_insert()
        self._check_open()
        if Criterion.objects.living().filter(work_item=self.work_item).count() >= MAX_CRITERIA:
            raise Conflict(f"{self.display_key} has {MAX_CRITERIA} criteria, which is the limit")

    def prepare_insert(self) -> None:
        criteria = Criterion._base_manager.filter(work_item=self.work_item)
        highest = criteria.aggregate(highest=models.Max("position"))["highest"]
        self.position = 1 if highest is None else int(highest) + 1

    def check_update(self, values: Values) -> Values:
        changed = super().check_update(values)
        if changed:
            self._check_open()
        if "text" in changed and self.is_ticked:
            changed |= NO_TICK
        return changed

    def update(self, *, actor: User, expected_version: int | None = None, **values: FieldValue) -> bool:
        """Change the text. Undo gives a tick too: it takes one away, and never ticks in the name of another."""
        if "ticked_by_id" not in values:
            return super().update(actor=actor, expected_version=expected_version, **values)
        tick = values.pop("ticked_by_id")
        if values:
            return super().update(actor=actor, expected_version=expected_version, **values)
        if tick is not None:
            raise Conflict("a tick can't be restored; tick the criterion again")
        return self.untick(actor=actor, expected_version=expected_version)

    def check_delete(self) -> None:
        super().check_delete()
        self._check_open()

    def restore(self, *, actor: User) -> None:
        self._check_open()
        super().restore(actor=actor)

    def tick(self, *, actor: User, expected_version: int | None = None) -> bool:
        """Record that `actor` saw it hold; return True if it was not ticked. Raises Conflict if the item is closed."""
        return self._set_tick(actor, expected_version, {"ticked_by_id": actor.pk, "ticked_at": timezone.now()})

    def untick(self, *, actor: User, expected_version: int | None = None) -> bool:
        """Remove the tick; return True if there was one. Raises Conflict if the item is closed."""
        return self._set_tick(actor, expected_version, NO_TICK)

    def _set_tick(self, actor: User, expected_version: int | None, values: Values) -> bool:
        self.check_version(expected_version)
        self.check_living()
        if self.is_ticked is (values["ticked_by_id"] is not None):
            return False
        self.work_item.project.check_writable()
        self._check_open()
        self._write(actor, Action.UPDATED, dict(values))
        self.work_item.note_progress(actor)
        return True

    def _check_open(self) -> None:
        if not self.work_item.is_open:
            key, status = self.display_key, self.work_item.status
            raise Conflict(f"{key} is {status}, so its criteria are frozen; reopen it first")


@functools.cache
def _of_item() -> Loading[Criterion]:
    """Return the query for the living criteria of `item` in order, ready to be written."""
    found = Criterion.objects.living().filter(work_item=Bound("item", WorkItem._meta.pk))
    return Loading(found.select_related("work_item__project", "created_by").in_order())


@functools.cache
def _ticks() -> Statement:
    found = Criterion.objects.living().filter(work_item=Bound("item", WorkItem._meta.pk))
    return Statement(found.order_by().values_list("ticked_by_id"))

"""Sprints."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Self

from django.core.exceptions import ValidationError
from django.db import models, transaction

from projects.entities.sprint import SPRINT
from projects.models.base import Entity, EntityQuerySet
from projects.models.exceptions import Conflict
from projects.models.fields import LineField, TextField
from projects.models.project import DELETED, LIVING, Project
from projects.models.sprints.lifecycle import SprintLife, Status

if TYPE_CHECKING:
    from projects.models.user import User
    from projects.models.work_items.item import WorkItem


class SprintQuerySet(EntityQuerySet["Sprint"]):
    def living(self) -> Self:
        return self.filter(deleted_at__isnull=True, project__deleted_at__isnull=True)

    def active(self) -> Self:
        return self.living().filter(status=Status.ACTIVE)


class Sprint(SprintLife, Entity):
    spec = SPRINT

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="sprints")
    name = LineField(max_length=100, limit="PM_MAX_SPRINT_NAME_LENGTH")
    goal = TextField(blank=True, default="", limit="PM_MAX_DESCRIPTION_LENGTH")
    start_date = models.DateField()
    end_date = models.DateField()
    left_items = models.JSONField(null=True, editable=False)  # IDs of the items that deleting the sprint took out

    objects = SprintQuerySet.as_manager()

    class Meta:
        ordering = ("start_date", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("project",), condition=LIVING & models.Q(status=Status.ACTIVE), name="sprint_one_active"
            ),
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="sprint_status_known"),
            models.CheckConstraint(
                condition=models.Q(end_date__gt=models.F("start_date")), name="sprint_ends_after_start"
            ),
        )
        indexes = (
            models.Index(fields=("project", "start_date", "id"), condition=LIVING, name="sprint_by_start"),
            models.Index(fields=("project", "status", "start_date"), condition=LIVING, name="sprint_by_status"),
            models.Index(fields=("start_date", "id"), condition=LIVING, name="sprint_by_day"),
            models.Index(fields=("start_date", "id"), condition=DELETED, name="sprint_deleted"),
        )

    def __str__(self) -> str:
        return str(self.name)

    @property
    def display_key(self) -> str:
        return f"{self.project.key}/{self.name}"[:40]

    def check_open(self) -> None:
        """Raise Conflict if no more items may be added."""
        self.check_living()
        if self.status in (Status.COMPLETED, Status.CANCELLED):
            raise Conflict(f"the sprint {self.name} is {self.status}; it can't take more items")

    def entry_errors(self, item: WorkItem) -> dict[str, str]:
        """Return the reasons, by field, why `item` can't be in the sprint. Raises Conflict if no item can."""
        if self.project_id != item.project_id:
            return {"sprint_id": f"the sprint {self.name} belongs to another project"}
        if item.item_type == "epic":
            return {"sprint_id": "only stories and tasks can be in a sprint"}
        self.check_open()
        return {}

    def check_insert(self) -> None:
        self.project.check_living()
        self.project.check_writable()
        self._check_dates(self.start_date, self.end_date)

    def check_update(self, values: Mapping[str, Any]) -> dict[str, Any]:
        if "status" in values:
            raise ValidationError({"status": "can't be set directly; use start, complete, cancel or reopen"})
        changed = super().check_update(values)
        if changed:
            self.project.check_writable()
            self._check_not_completed("edited")
            self._check_dates(changed.get("start_date", self.start_date), changed.get("end_date", self.end_date))
        return changed

    def check_delete(self) -> None:
        self.project.check_writable()
        self._check_not_completed("deleted")

    def check_unique(self) -> None:
        others = Sprint.objects.active().filter(project_id=self.project_id).exclude(pk=self.pk)
        if self.status == Status.ACTIVE and others.exists():
            raise Conflict(f"the sprint {others[0].name} is active; complete or cancel it first")

    def mark_deleted(self, *, actor: User, moment: datetime) -> None:
        with transaction.atomic():
            self.left_items = [str(item.pk) for item in self.items()]
            super().mark_deleted(actor=actor, moment=moment)
            type(self).objects.filter(pk=self.pk).update(left_items=self.left_items)
            self.release(actor, None, self.items())

    def restore(self, *, actor: User) -> None:
        """Undo the deletion; the items it took out come back if they are not deleted and in no sprint."""
        self.project.check_living()
        self.project.check_writable()
        with transaction.atomic():
            super().restore(actor=actor)
            self.take_back(actor, self.left_items or ())

    def _check_not_completed(self, what: str) -> None:
        if self.status == Status.COMPLETED:
            raise Conflict(f"the sprint {self.name} is completed; it can't be {what}")

    @staticmethod
    def _check_dates(start: date, end: date) -> None:
        if end <= start:
            raise ValidationError({"end_date": "must be after start_date"})

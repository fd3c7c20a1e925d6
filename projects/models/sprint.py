"""A sprint: what is meant to be done from one day to another, and what came of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Self

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils import timezone

from projects.models.activity import Action
from projects.models.base import Entity, EntityQuerySet
from projects.models.exceptions import Conflict
from projects.models.fields import LineField, TextField
from projects.models.project import LIVING, Project

if TYPE_CHECKING:
    from projects.models.user import User
    from projects.models.work_item import WorkItem


class Status(models.TextChoices):
    PLANNED = "planned"
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


NEXT = {Status.PLANNED: (Status.ACTIVE, Status.CANCELLED), Status.ACTIVE: (Status.COMPLETED, Status.CANCELLED)}


class SprintQuerySet(EntityQuerySet["Sprint"]):
    def living(self) -> Self:
        return self.filter(deleted_at__isnull=True, project__deleted_at__isnull=True)

    def identified_by(self, identifier: str) -> Self:
        """Narrow to the sprint of this id."""
        try:
            return self.filter(pk=uuid.UUID(identifier))
        except ValueError:
            return self.none()

    def active(self) -> Self:
        return self.living().filter(status=Status.ACTIVE)


class Sprint(Entity):
    """`committed` and `outcome` are the items as they were at the start and at the end: reports stay true.

    Each is a list of {"id", "display_key", "story_points", "status"}, None before that moment.
    """

    entity_type = "sprint"
    tracked = ("name", "goal", "start_date", "end_date", "status")
    immutable = ("project_id",)

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="sprints")
    name = LineField(max_length=100, limit="PM_MAX_SPRINT_NAME_LENGTH")
    goal = TextField(blank=True, default="", limit="PM_MAX_DESCRIPTION_LENGTH")
    start_date = models.DateField()
    end_date = models.DateField()
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PLANNED, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    committed = models.JSONField(null=True, editable=False, encoder=DjangoJSONEncoder)
    outcome = models.JSONField(null=True, editable=False, encoder=DjangoJSONEncoder)
    left_items = models.JSONField(null=True, editable=False)  # ids of what its deletion took out

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
        )

    def __str__(self) -> str:
        return str(self.name)

    @property
    def display_key(self) -> str:
        return f"{self.project.key}/{self.name}"[:40]

    def start(self, *, actor: User, expected_version: int | None = None) -> None:
        """Make it the active one and record what it commits to. Raises Conflict."""
        self._move(actor, Status.ACTIVE, expected_version, started_at=timezone.now(), committed=self._snapshot())

    def complete(
        self, *, actor: User, move_to: Sprint | None = None, expected_version: int | None = None
    ) -> list[WorkItem]:
        """End it, and return what was unfinished: that goes to `move_to`, or to no sprint. Raises Conflict."""
        if move_to is not None:
            if move_to.pk == self.pk or move_to.project_id != self.project_id:
                raise ValidationError({"move_to": "must be another sprint of the same project"})
            move_to.check_open()
        with transaction.atomic():
            outcome = self._snapshot()
            self._move(actor, Status.COMPLETED, expected_version, completed_at=timezone.now(), outcome=outcome)
            return self._release(actor, move_to)

    def cancel(self, *, actor: User, expected_version: int | None = None) -> list[WorkItem]:
        """Give it up, and return what was unfinished: that goes to no sprint. Raises Conflict."""
        with transaction.atomic():
            self._move(actor, Status.CANCELLED, expected_version, outcome=self._snapshot())
            return self._release(actor, None)

    def check_open(self) -> None:
        """Raise Conflict where no item may come in any more."""
        self.check_living()
        if self.status in (Status.COMPLETED, Status.CANCELLED):
            raise Conflict(f"the sprint {self.name} is {self.status}; no item can be put into it")

    def entry_errors(self, item: WorkItem) -> dict[str, str]:
        """Return why `item` can't be in it, by field; raises Conflict where nothing can."""
        if self.project_id != item.project_id:
            return {"sprint_id": f"the sprint {self.name} belongs to another project"}
        if item.item_type == "epic":
            return {"sprint_id": "only stories and tasks go into a sprint"}
        self.check_open()
        return {}

    def check_insert(self) -> None:
        self.project.check_living()
        self.project.check_writable()
        self._check_dates(self.start_date, self.end_date)

    def check_update(self, values: Mapping[str, Any]) -> dict[str, Any]:
        if "status" in values:
            raise ValidationError({"status": "is changed by start, complete and cancel"})
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
            self.left_items = [str(item.pk) for item in self._items()]
            super().mark_deleted(actor=actor, moment=moment)
            type(self).objects.filter(pk=self.pk).update(left_items=self.left_items)
            self._release(actor, None, self._items())

    def restore(self, *, actor: User) -> None:
        """Undo the deletion; of what left by it, all that is in no sprint since comes back."""
        self.project.check_living()
        self.project.check_writable()
        with transaction.atomic():
            super().restore(actor=actor)
            left = self.project.work_items.filter(pk__in=self.left_items or [], sprint__isnull=True, deleted_at=None)
            for item in left.select_related("project"):
                item.update(actor=actor, sprint_id=self.pk)

    def _move(self, actor: User, status: Status, expected_version: int | None, **values: Any) -> None:
        self.check_version(expected_version)
        self.check_living()
        self.project.check_writable()
        if status not in NEXT.get(Status(self.status), ()):
            raise Conflict(f"the sprint {self.name} is {self.status}; it can't become {status}")
        before, self.status = self.status, status
        try:
            self.check_unique()
        finally:
            self.status = before
        self._write(actor, Action.UPDATED, {"status": status.value, **values})

    def _items(self) -> models.QuerySet[WorkItem]:
        return self.project.work_items.filter(sprint_id=self.pk, deleted_at__isnull=True).select_related("project")

    def _release(self, actor: User, move_to: Sprint | None, items: Iterable[WorkItem] | None = None) -> list[WorkItem]:
        """Move `items`, else what is unfinished, out; return them."""
        leaving = list(self._items().exclude(status="done") if items is None else items)
        for item in leaving:
            item.update(actor=actor, sprint_id=move_to.pk if move_to else None)
        return leaving

    def _snapshot(self) -> list[dict[str, Any]]:
        return [
            {
                "id": str(item.pk),
                "display_key": item.display_key,
                "story_points": item.story_points,
                "status": item.status,
            }
            for item in self._items().order_by("item_number")
        ]

    def _check_not_completed(self, what: str) -> None:
        if self.status == Status.COMPLETED:
            raise Conflict(f"the sprint {self.name} is completed; it can't be {what}")

    @staticmethod
    def _check_dates(start: date, end: date) -> None:
        if end <= start:
            raise ValidationError({"end_date": "must be after start_date"})

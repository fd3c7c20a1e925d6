"""Sprints: planned, active, then completed or cancelled, with snapshots of their items at start and end."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Self

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils import timezone

from projects.entities.sprint import SPRINT
from projects.entities.work_item import CLOSED
from projects.loose_types import FieldValue
from projects.models.activity import Action
from projects.models.base import Values
from projects.models.exceptions import Conflict
from projects.models.fields import LineField, TextField
from projects.models.project import DELETED, LIVING, Project
from projects.models.project_child import ProjectChild, ProjectChildQuerySet
from projects.models.work_items.choices import ItemType

if TYPE_CHECKING:
    from projects.models.user import User
    from projects.models.work_items.item import WorkItem


CURRENT = ("active", "current")  # names for the active sprint
MAX_NAMED = 10  # in a message
Row = dict[str, Any]  # of a snapshot: {"id", "display_key", "story_points", "status"}


def in_scope(rows: Iterable[Row]) -> list[Row]:
    """Return the rows of a snapshot without cancelled items, which are no longer part of the sprint's work."""
    return [row for row in rows if row["status"] != "cancelled"]


class Status(models.TextChoices):
    PLANNED = "planned"
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


NEXT = {
    Status.PLANNED: (Status.ACTIVE, Status.CANCELLED),
    Status.ACTIVE: (Status.COMPLETED, Status.CANCELLED, Status.PLANNED),
    Status.CANCELLED: (Status.PLANNED,),
}


class SprintQuerySet(ProjectChildQuerySet["Sprint"]):
    def active(self) -> Self:
        return self.living().filter(status=Status.ACTIVE)


class Sprint(ProjectChild):
    """A sprint; `committed` and `outcome` are snapshots of its items at start and end, so that reports never change.

    Each is a list of rows, or None before the start or end.
    """

    spec = SPRINT

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="sprints")
    name = LineField(max_length=100, limit="PM_MAX_SPRINT_NAME_LENGTH")
    goal = TextField(blank=True, default="", limit="PM_MAX_DESCRIPTION_LENGTH")
    start_date = models.DateField()
    end_date = models.DateField()
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PLANNED, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)  # or cancelled
    committed = models.JSONField(null=True, editable=False, encoder=DjangoJSONEncoder)
    outcome = models.JSONField(null=True, editable=False, encoder=DjangoJSONEncoder)
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

    @classmethod
    def pk_by_reference(cls, identifier: str, project: str = "") -> uuid.UUID | None:
        """Return the ID of the living sprint with this name in any case; `active` is the active one.

        Of sprints with the same name, one that has not ended comes first. Raises Conflict if several are left.
        """
        living = cls.objects.living()
        if project:
            living = living.filter(project__in=Project.objects.identified_by(project))
        rows = list(living.values_list("pk", "name", "status", "project__key"))
        name = identifier.strip().casefold()
        found = [row for row in rows if name in (row[1].casefold(), f"{row[3]}/{row[1]}".casefold())]
        if name in CURRENT and not found:
            found = [row for row in rows if row[2] == Status.ACTIVE]
        found = [row for row in found if row[2] in (Status.PLANNED, Status.ACTIVE)] or found
        if len(found) > 1:
            named = ", ".join(f"{pk} in {key}" for pk, _, _, key in found[:MAX_NAMED])
            raise Conflict(f"{identifier} names several sprints: {named}; use one of these IDs")
        return found[0][0] if found else None

    def check_open(self) -> None:
        """Raise Conflict if no more items may be added."""
        self.check_living()
        if self.status in (Status.COMPLETED, Status.CANCELLED):
            raise Conflict(f"the sprint {self.name} is {self.status}; it can't take more items")

    def entry_errors(self, item: WorkItem, item_type: str) -> dict[str, str]:
        if item_type == ItemType.EPIC and self.project_id == item.project_id:
            return {"sprint_id": "an epic can't be in a sprint"}
        errors = super().entry_errors(item, item_type)
        if not errors:
            self.check_open()
        return errors

    def check_insert(self) -> None:
        super().check_insert()
        self._check_dates(self.start_date, self.end_date)

    def check_update(self, values: Values) -> Values:
        if "status" in values:
            raise ValidationError({"status": "can't be set directly; use start, complete, cancel or reopen"})
        changed = super().check_update(values)
        if changed:
            self._check_not_completed("edited")
            self._check_dates(changed.get("start_date", self.start_date), changed.get("end_date", self.end_date))
        return changed

    def check_delete(self) -> None:
        super().check_delete()
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
        with transaction.atomic():
            super().restore(actor=actor)
            self.take_back(actor, self.left_items or ())

    def start(self, *, actor: User, expected_version: int | None = None) -> None:
        """Activate the sprint and record its commitment. Raises Conflict."""
        self._move(actor, Status.ACTIVE, expected_version, started_at=timezone.now(), committed=self.snapshot())

    def complete(
        self, *, actor: User, move_to: Sprint | None = None, expected_version: int | None = None
    ) -> list[WorkItem]:
        """Complete the sprint; move unfinished items to `move_to`, or out, and return them. Raises Conflict."""
        if move_to is not None:
            if move_to.pk == self.pk or move_to.project_id != self.project_id:
                raise ValidationError({"move_to": "must be another sprint of the same project"})
            move_to.check_open()
        with transaction.atomic():
            outcome = self.snapshot()
            self._move(actor, Status.COMPLETED, expected_version, completed_at=timezone.now(), outcome=outcome)
            return self.release(actor, move_to)

    def cancel(self, *, actor: User, expected_version: int | None = None) -> list[WorkItem]:
        """Cancel the sprint; take out the unfinished items and return them. Raises Conflict."""
        with transaction.atomic():
            outcome = self.snapshot()
            self._move(actor, Status.CANCELLED, expected_version, completed_at=timezone.now(), outcome=outcome)
            return self.release(actor, None)

    def reopen(self, *, actor: User, expected_version: int | None = None) -> list[WorkItem]:
        """Undo `start` or `cancel`: return the sprint to planned, and return the items that come back. Raises Conflict.

        An item comes back if the cancellation took it out, it is not deleted and it is in no sprint. The snapshots and
        timestamps of start and end are cleared, as in any planned sprint; the activity keeps both changes.
        """
        left = [row["id"] for row in self.outcome or () if row["status"] not in CLOSED]
        before_start = {"started_at": None, "committed": None, "completed_at": None, "outcome": None}
        with transaction.atomic():
            self._move(actor, Status.PLANNED, expected_version, **before_start)
            return self.take_back(actor, left)

    def revert(self, *, actor: User, **values: FieldValue) -> None:
        """Undo a start or an edit; an end also moved items, so it is undone by `reopen` alone, if at all."""
        if "status" not in values:
            super().revert(actor=actor, **values)
        elif self.status == Status.ACTIVE:
            self.reopen(actor=actor)
        else:
            raise Conflict(f"the sprint {self.name} is {self.status}; only its start can be undone like this")

    def items(self) -> models.QuerySet[WorkItem]:
        """Return the items that are not deleted."""
        return self.work_items.filter(deleted_at__isnull=True).select_related("project")

    def release(self, actor: User, move_to: Sprint | None, items: Iterable[WorkItem] | None = None) -> list[WorkItem]:
        """Move `items` (default: the unfinished ones) to `move_to` or to no sprint; return them."""
        leaving = list(self.items().exclude(status__in=CLOSED) if items is None else items)
        for item in leaving:
            item.update(actor=actor, sprint_id=move_to.pk if move_to else None)
        return leaving

    def take_back(self, actor: User, ids: Iterable[str]) -> list[WorkItem]:
        """Add the items with these IDs that are not deleted and in no sprint; return them."""
        found = self.project.work_items.filter(pk__in=list(ids), sprint__isnull=True, deleted_at__isnull=True)
        items = list(found.select_related("project").order_by("item_number"))
        for item in items:
            item.update(actor=actor, sprint_id=self.pk)
        return items

    def snapshot(self) -> list[Row]:
        """Return the current items in the format of `committed` and `outcome`."""
        return [
            {
                "id": str(item.pk),
                "display_key": item.display_key,
                "story_points": item.story_points,
                "status": item.status,
            }
            for item in self.items().order_by("item_number")
        ]

    def _move(self, actor: User, status: Status, expected_version: int | None, **values: FieldValue) -> None:
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

    def _check_not_completed(self, what: str) -> None:
        if self.status == Status.COMPLETED:
            raise Conflict(f"the sprint {self.name} is completed; it can't be {what}")

    @staticmethod
    def _check_dates(start: date, end: date) -> None:
        if end <= start:
            raise ValidationError({"end_date": "must be after start_date"})

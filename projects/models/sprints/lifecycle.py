"""The sprint lifecycle: planned, active, then completed or cancelled, with snapshots at start and end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils import timezone

from projects.models.activity import Action
from projects.models.exceptions import Conflict

if TYPE_CHECKING:
    from projects.models.sprints.sprint import Sprint
    from projects.models.user import User
    from projects.models.work_items.item import WorkItem


class Status(models.TextChoices):
    PLANNED = "planned"
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


NEXT = {
    Status.PLANNED: (Status.ACTIVE, Status.CANCELLED),
    Status.ACTIVE: (Status.COMPLETED, Status.CANCELLED),
    Status.CANCELLED: (Status.PLANNED,),
}


class SprintLife(models.Model):
    """`committed` and `outcome` are snapshots of the items at start and end, so that reports never change.

    Each is a list of {"id", "display_key", "story_points", "status"}, or None before the start or end.
    """

    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PLANNED, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)  # or cancelled
    committed = models.JSONField(null=True, editable=False, encoder=DjangoJSONEncoder)
    outcome = models.JSONField(null=True, editable=False, encoder=DjangoJSONEncoder)

    class Meta:
        abstract = True

    def start(self: Sprint, *, actor: User, expected_version: int | None = None) -> None:  # type: ignore[misc]
        """Activate the sprint and record its commitment. Raises Conflict."""
        self._move(actor, Status.ACTIVE, expected_version, started_at=timezone.now(), committed=self.snapshot())

    def complete(  # type: ignore[misc]
        self: Sprint, *, actor: User, move_to: Sprint | None = None, expected_version: int | None = None
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

    def cancel(self: Sprint, *, actor: User, expected_version: int | None = None) -> list[WorkItem]:  # type: ignore[misc]
        """Cancel the sprint; take out the unfinished items and return them. Raises Conflict."""
        with transaction.atomic():
            outcome = self.snapshot()
            self._move(actor, Status.CANCELLED, expected_version, completed_at=timezone.now(), outcome=outcome)
            return self.release(actor, None)

    def reopen(self: Sprint, *, actor: User, expected_version: int | None = None) -> list[WorkItem]:  # type: ignore[misc]
        """Undo `cancel`: return the sprint to planned, and return the items that come back. Raises Conflict.

        An item comes back if the cancellation took it out, it is not deleted and it is in no sprint. The snapshots and
        timestamps of start and end are cleared, as in any planned sprint; the activity keeps both changes.
        """
        left = [row["id"] for row in self.outcome or () if row["status"] != "done"]
        before_start = {"started_at": None, "committed": None, "completed_at": None, "outcome": None}
        with transaction.atomic():
            self._move(actor, Status.PLANNED, expected_version, **before_start)
            return self.take_back(actor, left)

    def _move(self: Sprint, actor: User, status: Status, expected_version: int | None, **values: Any) -> None:  # type: ignore[misc]
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

    def items(self: Sprint) -> models.QuerySet[WorkItem]:  # type: ignore[misc]
        """Return the items that are not deleted."""
        return self.work_items.filter(deleted_at__isnull=True).select_related("project")

    def release(  # type: ignore[misc]
        self: Sprint, actor: User, move_to: Sprint | None, items: Iterable[WorkItem] | None = None
    ) -> list[WorkItem]:
        """Move `items` (default: the unfinished ones) to `move_to` or to no sprint; return them."""
        leaving = list(self.items().exclude(status="done") if items is None else items)
        for item in leaving:
            item.update(actor=actor, sprint_id=move_to.pk if move_to else None)
        return leaving

    def take_back(self: Sprint, actor: User, ids: Iterable[str]) -> list[WorkItem]:  # type: ignore[misc]
        """Add the items with these IDs that are not deleted and in no sprint; return them."""
        found = self.project.work_items.filter(pk__in=list(ids), sprint__isnull=True, deleted_at__isnull=True)
        items = list(found.select_related("project").order_by("item_number"))
        for item in items:
            item.update(actor=actor, sprint_id=self.pk)
        return items

    def snapshot(self: Sprint) -> list[dict[str, Any]]:  # type: ignore[misc]
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

"""Waivers: a person closes an item although evidence is missing, and says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models, transaction

from projects.entities.waiver import WAIVER
from projects.models.base import Values
from projects.models.exceptions import Conflict
from projects.models.fields import TextField
from projects.models.project import LIVING
from projects.models.work_items.child import WorkItemChild, WorkItemChildQuerySet
from projects.models.work_items.choices import Status
from projects.models.work_items.evidence import missing_evidence
from projects.models.work_items.item import WorkItem

if TYPE_CHECKING:
    from projects.models.user import User


class WaiverQuerySet(WorkItemChildQuerySet["Waiver"]):
    """Waivers; WorkItemChildQuerySet has what they need."""


class Waiver(WorkItemChild):
    """The closing of an item by a person in spite of missing evidence, with the reason and what was missing."""

    spec = WAIVER

    work_item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="waivers", db_index=False)
    reason = TextField(limit="PM_MAX_COMMENT_LENGTH", help_text="Markdown.")
    missing = TextField(blank=True, default="", limit="PM_MAX_COMMENT_LENGTH", editable=False)

    objects = WaiverQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        constraints = (models.CheckConstraint(condition=~models.Q(reason=""), name="waiver_reason_not_blank"),)
        indexes = (
            models.Index(fields=("work_item", "created_at", "id"), condition=LIVING, name="waiver_by_item"),
            models.Index(fields=("created_at", "id"), condition=LIVING, name="waiver_by_creation"),
        )

    def __str__(self) -> str:
        return str(self.reason[:60])

    def check_owner(self, actor: User) -> None:
        actor.check_person("change or delete a waiver")

    def check_insert(self) -> None:
        super().check_insert()
        if not self.work_item.is_open:
            raise Conflict(f"{self.work_item.display_key} is {self.work_item.status} already")

    def check_update(self, values: Values) -> Values:
        raise Conflict("a waiver says why the item was closed; it is never changed")

    def insert(self, *, actor: User) -> None:
        """Set the item to done without the missing evidence. Raises NotYours for agents."""
        actor.check_person("waive missing evidence")
        with transaction.atomic():
            self.load_project()
            self.missing = "\n".join(str(each) for each in missing_evidence(self.work_item, is_accepted=True))
            super().insert(actor=actor)
            self.work_item.update(
                actor=actor, status=Status.DONE, close_reason=self.reason, is_waived=True, is_confirmed=True
            )

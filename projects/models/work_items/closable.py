"""How work items are handed in and closed: the policies of the project hold for every change of a status.

All interfaces change the status of an item through this class, so none of them needs to know a policy.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import models
from django.utils import timezone

from projects.entities.work_item import CLOSINGS
from projects.loose_types import FieldValue
from projects.models.activity import Action
from projects.models.base import Values, transaction_of_write
from projects.models.exceptions import EvidenceMissing, NotYours
from projects.models.fields import TextField
from projects.models.work_items.choices import Status
from projects.models.work_items.claimable import Claimable
from projects.models.work_items.evidence import (
    OFF,
    Missing,
    accepts,
    closing_of,
    missing_evidence,
    needs_review,
    record,
)

if TYPE_CHECKING:
    from projects.models.check import Check
    from projects.models.review import ReviewQuerySet
    from projects.models.user import User
    from projects.models.work_items.item import WorkItem


class Closable(Claimable):
    """What a closed work item keeps of its evidence, and the rules by which it is handed in and closed."""

    class Meta:
        abstract = True

    if TYPE_CHECKING:  # what the work item has
        close_reason: TextField

        def check_close(self, status: str) -> None: ...

    closing = models.CharField(  # noqa: DJ001  # a choice has no empty value in files and logs
        max_length=8,
        choices=[(name, name) for name in CLOSINGS],
        null=True,
        editable=False,
        help_text="How it was set to done: accepted by a person, waived, or with a warning.",
    )
    evidence = TextField(
        blank=True,
        default="",
        db_default="",
        limit="PM_MAX_DESCRIPTION_LENGTH",
        editable=False,
        help_text="The policies, and the evidence that there was, when it was set to done.",
    )
    # Of the write that goes on, no columns: what it says to the readers of the review, whether it accepts the item, and
    # what the item lacks although the write may go on.
    handed_in_text: str = ""
    is_accepted: bool = False
    warnings: Sequence[Missing] = ()
    worktree: str | None = None  # the content that the writer's client reported; "" if it has not

    def insert(self, *, actor: User) -> None:
        self.load_project()
        self.is_accepted = accepts(actor)
        values = self.under_policies({"status": self.status, "close_reason": self.close_reason})
        self.status, self.close_reason = values["status"], values.get("close_reason", "")
        for name, value in self.close_values(self.status).items():
            setattr(self, name, value)
        with transaction_of_write():
            super().insert(actor=actor)
            self._follow(Status.BACKLOG, actor)

    def update(self, *, actor: User, expected_version: int | None = None, **values: FieldValue) -> bool:
        with transaction_of_write():
            is_changed = super().update(actor=actor, expected_version=expected_version, **values)
            if self.handed_in_text and self.status == Status.REVIEW:  # it was in review already, and has a new text
                self._reviews().hand_in(self._item(), actor=actor, text=self._take_text())
        return is_changed

    def under_policies(self, values: Values, *, force: bool = False) -> Values:
        """Return the values of a change: review instead of done where a person has to accept the item first."""
        is_done = self.status == Status.DONE and not self._state.adding
        if values.get("status") != Status.DONE or is_done or self.is_accepted or not needs_review(self._item()):
            return values
        if not (force or self._state.adding):
            self.check_close(Status.DONE)
        self.handed_in_text = str(values.get("close_reason") or self.handed_in_text)
        return {name: value for name, value in values.items() if name != "close_reason"} | {"status": Status.REVIEW}

    def check_type(self, kind: str, actor: User) -> None:
        """Raise NotYours if an agent gives the item a type for which it needs fewer checks."""
        if self.project.checks_policy == OFF or actor.acts_as_person:
            return
        checks: list[Check] = apps.get_model("projects", "Check")._default_manager.of_item(self._item())
        lost = [check.name for check in checks if check.is_required and not check.applies_to(kind)]
        if lost:
            raise NotYours(f"only a person can make it a {kind}, for which it needs no check {', '.join(lost)}")

    def close_values(self, status: str, *, is_waived: bool = False) -> Values:
        """Return what a change to `status` keeps of the evidence, and note the warnings. Raises EvidenceMissing."""
        missing = missing_evidence(self._item(), status, is_accepted=self.is_accepted)
        required = [each for each in missing if not each.is_warning]
        if required and not is_waived:
            key = "a new item" if self._state.adding else self.display_key
            raise EvidenceMissing(key, status, required)
        self.warnings = missing
        values: Values = {"closing": None, "evidence": ""}
        if status == Status.DONE:
            closing = closing_of(self._item(), missing, is_accepted=self.is_accepted, is_waived=is_waived)
            values = {"closing": closing, "evidence": record(self._item())}
        return {name: value for name, value in values.items() if getattr(self, name) != value}

    def status_before_claim(self) -> str:
        """Return the status that a release restores: to do if the item would lack what a review needs."""
        before = self.claimed_from or Status.TODO.value
        lacks = any(not each.is_warning for each in missing_evidence(self._item(), before))
        return Status.TODO.value if lacks else before

    def give_claim_back(self, holder: User, session: str, *, is_live: bool) -> None:
        """Give the item, which was sent back, to its `holder`: the lease has ended unless the session is live.

        Claims change no version and are in no history of other clones.
        """
        now = timezone.now()
        values = {
            "claimed_by": holder,
            "lease_id": uuid.uuid4(),
            "lease_expires_at": now + timedelta(minutes=self.lease_minutes) if is_live else now,
            "claimed_from": Status.TODO.value,
            "claim_session": session,
            "idle_leases": 1 if is_live else 0,
        }
        type(self)._base_manager.filter(pk=self.pk, version=self.version).update(**values)
        for name, value in values.items():
            setattr(self, name, value)

    def _write(self, actor: User, action: Action, values: Values) -> None:
        before = self.status
        if values.get("status", before) == before:
            super()._write(actor, action, values)
            return
        with transaction_of_write():
            super()._write(actor, action, values)
            self._follow(before, actor)

    def _follow(self, before: str, actor: User) -> None:
        """Hand in, accept or send back, as the change from the status `before` means."""
        if Status.REVIEW in (before, self.status):
            self._reviews().follow(self._item(), before, actor=actor, text=self._take_text())

    def _take_text(self) -> str:
        text, self.handed_in_text = self.handed_in_text, ""
        return text

    def _item(self) -> WorkItem:
        return self  # type: ignore[return-value]  # the only subclass

    @staticmethod
    def _reviews() -> ReviewQuerySet:
        reviews: ReviewQuerySet = apps.get_model("projects", "Review")._default_manager.all()  # its module imports this
        return reviews

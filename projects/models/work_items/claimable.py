"""Claims of work items: who works on an item, in which session, and until when.

A claim is a lease. While it lasts, only its session changes the status, the assignee or the claim. When it has run out,
the item is ready again, until too many leases in a row ran out without progress.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from projects.loose_types import FieldValue
from projects.models import rights
from projects.models.activity import Action
from projects.models.base import Entity, Values
from projects.models.exceptions import Claimed, Conflict, NotReady
from projects.models.prepared_queries import run
from projects.models.work_items.choices import DEFAULT_LEASE, MAX_IDLE_LEASES, MAX_LEASE, Status

if TYPE_CHECKING:
    from projects.models.project import Project
    from projects.models.session import Session
    from projects.models.user import User

# When a lease ends that stands still while a question about its item is open; the triggers write it.
PAUSED = datetime(9998, 12, 31, tzinfo=UTC)
# The values that end a claim.
NO_CLAIM = {"claimed_by_id": None, "lease_id": None, "lease_expires_at": None, "claim_session": "", "claimed_from": ""}


class Claimable(Entity):
    """The claim of a work item: its columns and its rules."""

    class Meta:
        abstract = True

    if TYPE_CHECKING:  # what the work item has
        project: models.ForeignKey[Project, Project]
        assignee_id: uuid.UUID | None
        claimed_by_id: uuid.UUID | None
        status: models.CharField[str, str]

        @property
        def is_open(self) -> bool: ...
        def obstacles(self, actor: User | None) -> list[str]: ...
        def status_before_claim(self) -> str: ...
        def moments_of(self, status: str) -> Values: ...

    # The current claim: holder, session and lease. Agents share names, so a name proves nothing: the session does, or
    # `lease_id`, the holder's secret.
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
    )
    lease_id = models.UUIDField(null=True, editable=False)
    lease_expires_at = models.DateTimeField(null=True, editable=False)
    # Seconds of the lease that are left while it stands still; triggers keep it.
    lease_left = models.PositiveIntegerField(null=True, editable=False)
    lease_minutes = models.PositiveSmallIntegerField(default=DEFAULT_LEASE, db_default=DEFAULT_LEASE, editable=False)
    claimed_from = models.CharField(max_length=11, blank=True, default="", db_default="", editable=False)
    claim_session = models.CharField(max_length=32, blank=True, default="", db_default="", editable=False)
    # Leases since the last progress, the current one among them.
    idle_leases = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)

    @property
    def is_claimed(self) -> bool:
        """True if the item has an unexpired lease."""
        return self.lease_expires_at is not None and self.lease_expires_at > timezone.now()

    @property
    def is_paused(self) -> bool:
        """True if the lease stands still, because a question about the item is open."""
        return self.lease_expires_at is not None and self.lease_expires_at >= PAUSED

    @property
    def is_stuck(self) -> bool:
        """True if several leases in a row ran out without progress."""
        return self.is_open and self.idle_leases >= MAX_IDLE_LEASES and not self.is_claimed

    def is_held_by(self, actor: User, lease_id: uuid.UUID | None = None) -> bool:
        """Return True unless another session, or the user of no session, holds a live claim of the item."""
        return not self.is_claimed or (lease_id is not None and lease_id == self.lease_id) or self._is_of(actor)

    def note_progress(self, actor: User) -> None:
        """Count what `actor` did beside the item, such as a comment, as progress; the version stays."""
        if self.idle_leases and self.is_progress(actor, None, self.status):
            self.idle_leases = 0
            run("UPDATE projects_workitem SET idle_leases = 0 WHERE id = %s", [self.pk.hex])

    def claim(
        self, *, actor: User, lease: int = DEFAULT_LEASE, force: bool = False, is_ready: bool = False
    ) -> uuid.UUID:
        """Assign the item to `actor`, in progress, for `lease` minutes; return the lease ID.

        Raises Claimed if the item has an unexpired claim, even one of the actor, and NotReady if it can't be started;
        `force` takes it anyway. Raises Conflict if it is closed. `is_ready` says that the caller found it by the query
        for ready items, in the same transaction.
        """
        expires_at = timezone.now() + _minutes(lease)
        self.check_living()
        self.project.check_writable()
        if not self.is_open:
            raise Conflict(f"{self.display_key} is {self.status} and can't be claimed")
        if self.is_claimed and not force:
            raise self.claim_refusal()
        reasons = [] if is_ready else self.obstacles(actor)
        if reasons and not force:
            raise NotReady(f"{self.display_key} is not ready", reasons)
        self.is_forced = force and (self.is_claimed or bool(reasons))
        lease_id = uuid.uuid4()
        ran_out = 0 if self.is_claimed else 1
        idle = 1 if actor.acts_as_person else self.idle_leases + ran_out
        before = self.claimed_from if self.claimed_by_id else self.status
        self._write_claim(
            actor,
            status=Status.IN_PROGRESS.value,
            assignee_id=actor.pk,
            claimed_by_id=actor.pk,
            lease_id=lease_id,
            lease_expires_at=expires_at,
            lease_minutes=lease,
            claimed_from=before,
            claim_session=actor.session_id,
            idle_leases=idle,
        )
        if reasons:  # one may be an open question
            self.refresh_from_db(fields=["lease_expires_at", "lease_left"])
        return lease_id

    def renew(self, *, actor: User | None = None, lease_id: uuid.UUID | None = None, lease: int | None = None) -> None:
        """Extend the claim to `lease` minutes from now, by default as many as before.

        Raises Claimed unless `lease_id` is the claim's or the session of `actor` holds it. A renewal leaves the
        version unchanged, so that it never causes a conflict with an edit.
        """
        self._check_holder(actor, lease_id)
        rights.check_project(self.project_id, rights.ITEM)
        was_paused = self.is_paused
        self.lease_minutes = self.lease_minutes if lease is None else lease
        self.lease_expires_at = timezone.now() + _minutes(self.lease_minutes)
        type(self)._base_manager.filter(pk=self.pk, lease_id=self.lease_id).update(
            lease_expires_at=self.lease_expires_at, lease_minutes=self.lease_minutes
        )
        if was_paused:
            self.refresh_from_db(fields=["lease_expires_at", "lease_left"])

    def release(self, *, actor: User, lease_id: uuid.UUID | None = None, force: bool = False) -> None:
        """Release the item for others, in the status that it had before.

        Raises Claimed unless `lease_id` is the claim's, the session of `actor` holds it, or `force` is set.
        """
        self.check_living()
        if not force:
            self._check_holder(actor, lease_id)
        elif self.claimed_by_id is None:
            raise Conflict(f"{self.display_key} is not claimed")
        self.is_forced = force and not self.is_held_by(actor, lease_id)
        values: Values = dict(NO_CLAIM)
        if actor.acts_as_person:
            values["idle_leases"] = 0
        elif self.is_claimed and self.idle_leases:
            values["idle_leases"] = self.idle_leases - 1  # this lease did not run out
        if self.status == Status.IN_PROGRESS:
            values["status"] = self.status_before_claim()
        if self.assignee_id == self.claimed_by_id:
            values["assignee_id"] = None
        self._write_claim(actor, **values)

    def hand_over(self, session: Session, *, actor: User) -> None:
        """Give the item to another live session, which gets the claim with a whole lease. Only people do that.

        Raises NotYours for agents, and Conflict unless the session is live and the item can be worked on.
        """
        actor.check_person("hand over what a session holds")
        self.check_living()
        self.project.check_writable()
        session.check_live()
        if self.status not in (Status.BACKLOG, Status.TODO, Status.IN_PROGRESS):
            raise Conflict(f"{self.display_key} is {self.status} and can't be handed over")
        if self.is_claimed and self.claim_session == session.pk:
            raise Conflict(f"the session holds {self.display_key} already")
        self.is_forced = self.is_claimed
        self._write_claim(
            actor,
            status=Status.IN_PROGRESS.value,
            assignee_id=session.actor_id,
            claimed_by_id=session.actor_id,
            lease_id=uuid.uuid4(),
            lease_expires_at=timezone.now() + _minutes(DEFAULT_LEASE),
            lease_minutes=DEFAULT_LEASE,
            claimed_from=self.claimed_from if self.claimed_by_id else self.status,
            claim_session=session.pk,
            idle_leases=1,
        )
        self.refresh_from_db(fields=["lease_expires_at", "lease_left"])  # a question may be open

    def is_progress(self, actor: User, lease_id: uuid.UUID | None, status: str) -> bool:
        """Return True if a change by `actor` counts as progress: by a person, by the holder, or to a later status."""
        is_holder = self.is_claimed and self.is_held_by(actor, lease_id)
        return actor.acts_as_person or is_holder or status not in (Status.BACKLOG, Status.TODO, Status.IN_PROGRESS)

    def _write_claim(self, actor: User, **values: FieldValue) -> None:
        """Write the fields that a claim changes, with version and activity. Raises Archived."""
        self.project.check_writable()
        changed = {name: value for name, value in values.items() if getattr(self, name) != value}
        if "status" in changed:
            changed |= self.moments_of(changed["status"])
        self._write(actor, Action.UPDATED, changed)

    def _check_holder(self, actor: User | None, lease_id: uuid.UUID | None) -> None:
        self.check_living()
        if self.claimed_by_id is None:
            raise Conflict(f"{self.display_key} is not claimed; the lease expired or was released")
        is_own = lease_id == self.lease_id if lease_id is not None else actor is not None and self._is_of(actor)
        if not is_own:
            raise self.claim_refusal()

    def _is_of(self, actor: User) -> bool:
        """Return True if the claim, live or not, is of the session of `actor`; a person has no session."""
        return self.claim_session == actor.session_id if self.claim_session else self.claimed_by_id == actor.pk

    def claim_refusal(self) -> Claimed:
        """Return the exception that says who holds the item, and until when."""
        holder = self.claimed_by.username if self.claimed_by else None
        sessions: type[Session] = apps.get_model("projects", "Session")  # its module imports this one
        session = sessions.objects.filter(pk=self.claim_session).first() if self.claim_session else None
        until = None if self.is_paused else self.lease_expires_at or timezone.now()
        return Claimed(self.display_key, holder, until, session.description if session else "")


def _minutes(lease: int) -> timedelta:
    if not 1 <= lease <= MAX_LEASE:
        raise ValidationError({"lease": f"must be a whole number of minutes from 1 to {MAX_LEASE}"})
    return timedelta(minutes=lease)

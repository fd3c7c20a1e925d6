"""Claims: an agent takes a work item for a limited time; the lease expires if the agent dies."""

from __future__ import annotations

import functools
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from projects.models.exceptions import Claimed, Conflict, NothingReady
from projects.models.prepared_queries import Bound, Loading, bound, stored
from projects.models.work_items.choices import DEFAULT_LEASE, MAX_LEASE

if TYPE_CHECKING:
    from projects.models.project import Project
    from projects.models.user import User
    from projects.models.work_items.item import WorkItem


class ClaimMixin(models.Model):
    """The current claim: holder and lease expiry. A claim does not block edits; `lease_id` is the holder's secret.

    Agents share names, so a name proves nothing: renewing and releasing require the lease ID.
    """

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

    class Meta:
        abstract = True

    @property
    def is_claimed(self) -> bool:
        """True if the item has an unexpired lease."""
        return self.lease_expires_at is not None and self.lease_expires_at > timezone.now()

    def claim(self: WorkItem, *, actor: User, lease: int = DEFAULT_LEASE) -> uuid.UUID:  # type: ignore[misc]
        """Assign the item to `actor`, in progress, for `lease` minutes; return the lease ID.

        Raises Claimed if the item has an unexpired claim, even one of the actor. Raises Conflict if it is done.
        """
        expires_at = timezone.now() + _minutes(lease)
        self.check_living()
        if self.is_claimed:
            self.refuse_claim()
        if not self.is_open:
            raise Conflict(f"{self.display_key} is done and can't be claimed")
        lease_id = uuid.uuid4()
        self.write_claim(
            actor,
            status="in_progress",
            assignee_id=actor.pk,
            claimed_by_id=actor.pk,
            lease_id=lease_id,
            lease_expires_at=expires_at,
        )
        return lease_id

    def renew(self: WorkItem, *, lease_id: uuid.UUID, lease: int = DEFAULT_LEASE) -> None:  # type: ignore[misc]
        """Extend the claim to `lease` minutes from now. Raises Claimed unless `lease_id` is the claim's.

        A renewal leaves the version unchanged, so that it never causes a conflict with an edit.
        """
        self._check_holder(lease_id)
        self.lease_expires_at = timezone.now() + _minutes(lease)
        type(self)._base_manager.filter(pk=self.pk, lease_id=lease_id).update(lease_expires_at=self.lease_expires_at)

    def release(self: WorkItem, *, actor: User, lease_id: uuid.UUID | None = None, force: bool = False) -> None:  # type: ignore[misc]
        """Release the item for others. Raises Claimed unless `lease_id` is the claim's or `force` is set."""
        self.check_living()
        if not force:
            self._check_holder(lease_id)
        elif self.claimed_by_id is None:
            raise Conflict(f"{self.display_key} is not claimed")
        freed: dict[str, Any] = self.unclaimed()
        if self.status == "in_progress":
            freed["status"] = "todo"
        if self.assignee_id == self.claimed_by_id:
            freed["assignee_id"] = None
        self.write_claim(actor, **freed)

    def unclaimed(self) -> dict[str, None]:
        """Return the field values that end a claim."""
        return {"claimed_by_id": None, "lease_id": None, "lease_expires_at": None}

    def refuse_claim(self: WorkItem) -> None:  # type: ignore[misc]
        """Raise Claimed with the holder and the lease expiry."""
        holder = self.claimed_by.username if self.claimed_by else None
        until = self.lease_expires_at
        raise Claimed(
            f"{self.display_key} is claimed by {holder} until {until:%Y-%m-%dT%H:%M:%SZ}", holder=holder, until=until
        )

    def write_claim(self: WorkItem, actor: User, **values: Any) -> None:  # type: ignore[misc]
        """Write the fields that a claim changes, with version and activity. Raises Archived."""
        from projects.models.activity import Action

        self.project.check_writable()
        changed = {name: value for name, value in values.items() if getattr(self, name) != value}
        if "status" in changed:
            changed |= self._moments(changed["status"])
        self._write(actor, Action.UPDATED, changed)

    def _check_holder(self: WorkItem, lease_id: uuid.UUID | None) -> None:  # type: ignore[misc]
        self.check_living()
        if self.claimed_by_id is None:
            raise Conflict(f"{self.display_key} is not claimed; the lease expired or was released")
        if lease_id is None or lease_id != self.lease_id:
            self.refuse_claim()


def claim_next(project: Project, *, actor: User, lease: int = DEFAULT_LEASE) -> tuple[WorkItem, uuid.UUID]:
    """Claim the first ready item of `project`; return it and the lease ID. Raises NothingReady.

    Call it in a write transaction, which excludes other writers: concurrent callers get different items.
    """
    project.check_writable()
    item = _first_ready().first(project_id=stored(project.pk), now=stored(timezone.now()))
    if item is None:
        raise NothingReady(f"no item in {project.key} is ready: all are done, blocked, claimed or in progress")
    return item, item.claim(actor=actor, lease=lease)


@functools.cache
def _first_ready() -> Loading[WorkItem]:
    from projects.models.work_items.item import WorkItem

    now = Bound("now", WorkItem._meta.get_field("lease_expires_at"))
    ready = WorkItem.objects.filter(**bound(WorkItem, ["project_id"])).ready(now)
    return Loading(ready.select_related("project")[:1])


def _minutes(lease: int) -> timedelta:
    if not 1 <= lease <= MAX_LEASE:
        raise ValidationError({"lease": f"must be a whole number of minutes from 1 to {MAX_LEASE}"})
    return timedelta(minutes=lease)

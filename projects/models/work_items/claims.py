"""Claiming the next ready work item, and taking up one's own; `WorkItem.claim` has the rules of a claim."""

from __future__ import annotations

import functools
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import F
from django.utils import timezone

from projects.models.exceptions import NothingReady
from projects.models.prepared_queries import Bound, Loading, bound, stored
from projects.models.work_items.choices import DEFAULT_LEASE, Status
from projects.models.work_items.item import WorkItem

if TYPE_CHECKING:
    from projects.models.project import Project
    from projects.models.user import User


def claim_next(project: Project, *, actor: User, lease: int = DEFAULT_LEASE) -> tuple[WorkItem, uuid.UUID]:
    """Claim the first ready item of `project`; return it and the lease ID. Raises NothingReady.

    Call it in a write transaction, which excludes other writers: concurrent callers get different items.
    """
    project.check_writable()
    values = {"project_id": stored(project.pk), "now": stored(timezone.now()), "assignee": stored(actor.pk)}
    for part in _first_ready():
        item = part.first(**values)
        if item is not None:
            return item, item.claim(actor=actor, lease=lease)
    raise NothingReady(f"no item in {project.key} is ready: all are done, blocked, claimed, assigned or in progress")


def begin(item: WorkItem, *, actor: User, lease: int | None = None, force: bool = False) -> None:
    """Claim the item, or renew the claim that the session of `actor` has. Raises as WorkItem.claim does."""
    if item.is_claimed and item.is_held_by(actor):
        WorkItem.renew(item, lease_id=item.lease_id, lease=lease)
    else:
        item.claim(actor=actor, lease=DEFAULT_LEASE if lease is None else lease, force=force)


def begin_next(project: Project, *, actor: User, lease: int | None = None) -> WorkItem:
    """Begin what the session of `actor` has in progress, what the actor left, or the first ready item.

    Raises NothingReady. Call it in a write transaction.
    """
    items = WorkItem.objects.living().filter(project=project, status=Status.IN_PROGRESS).select_related("project")
    mine = items.filter(claimed_by=actor).order_by("-lease_expires_at", "item_number")
    now = timezone.now()
    held = mine.filter(claim_session=actor.session_id, lease_expires_at__gt=now).first()
    # Its lease ran out, so no live session holds it.
    left = held or mine.filter(assignee=F("claimed_by"), lease_expires_at__lte=now).first()
    if left is not None and (held is not None or not left.obstacles(actor)):
        begin(left, actor=actor, lease=lease)
        return left
    return claim_next(project, actor=actor, lease=DEFAULT_LEASE if lease is None else lease)[0]


def renew_leases(session_id: str) -> None:
    """Renew the leases of a session of which less than half is left."""
    now = timezone.now()
    for item in WorkItem.objects.filter(lease_expires_at__gt=now, claim_session=session_id):
        half = timedelta(minutes=item.lease_minutes) / 2
        if item.lease_expires_at is not None and item.lease_expires_at < now + half:
            item.renew(lease_id=item.lease_id)


@functools.cache
def _first_ready() -> tuple[Loading[WorkItem], ...]:
    now = Bound("now", WorkItem._meta.get_field("lease_expires_at"))
    assignee = Bound("assignee", WorkItem._meta.pk)
    items = WorkItem.objects.filter(**bound(WorkItem, ["project_id"])).select_related("project")
    return tuple(Loading(part[:1]) for part in items.ready(now, assignee=assignee).in_ready_parts())

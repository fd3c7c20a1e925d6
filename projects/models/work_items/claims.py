"""Claiming the next ready work item, and taking up one's own; `WorkItem.claim` has the rules of a claim."""

from __future__ import annotations

import functools
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone

from projects.loose_types import AnyRows
from projects.models import rights
from projects.models.exceptions import NothingReady
from projects.models.prepared_queries import Bound, Loading, Statement, bound, stored
from projects.models.project import Project
from projects.models.project import Status as ProjectStatus
from projects.models.work_items.choices import DEFAULT_LEASE, Status
from projects.models.work_items.claimable import PAUSED
from projects.models.work_items.item import MAX_NAMED, WorkItem

if TYPE_CHECKING:
    from projects.models.user import User


def claim_next(project: Project, *, actor: User, lease: int = DEFAULT_LEASE) -> tuple[WorkItem, uuid.UUID]:
    """Claim the first ready item of `project`; return it and the lease ID. Raises NothingReady.

    Call it in a write transaction, which excludes other writers: concurrent callers get different items.
    """
    project.check_writable()
    values = {"project_id": stored(project.pk), "now": stored(timezone.now()), "assignee": stored(actor.pk)}
    item = _first_ready().first(**values)
    if item is None:
        raise NothingReady(
            f"no item in {project.key} is ready: all are done, blocked, claimed, assigned or in progress"
        )
    return item, item.claim(actor=actor, lease=lease, is_ready=True)


def begin(item: WorkItem, *, actor: User, lease: int | None = None, force: bool = False) -> None:
    """Claim the item, or renew the claim that the session of `actor` has. Raises as WorkItem.claim does."""
    if item.is_claimed and item.is_held_by(actor):
        WorkItem.renew(item, lease_id=item.lease_id, lease=lease)
    else:
        item.claim(actor=actor, lease=DEFAULT_LEASE if lease is None else lease, force=force)


def begin_next(project: Project | None, *, actor: User, lease: int | None = None) -> WorkItem:
    """Begin what the session of `actor` has in progress, what the actor left or got back, or the first ready item.

    Without a project, all but the last may be of any project, and the last is of the only one. Raises NothingReady, and
    ValidationError if the project is needed. Call it in a write transaction.
    """
    found = _own(project, actor) or _answered(project, actor) or _sent_back(project, actor)
    if found is not None:
        begin(found, actor=actor, lease=lease)
        return found
    return claim_next(project or _only_project(), actor=actor, lease=DEFAULT_LEASE if lease is None else lease)[0]


def _own(project: Project | None, actor: User) -> WorkItem | None:
    """Return what the session of `actor` has in progress, else what the actor left when a lease ran out, or None.

    An item that waits for an answer is left alone until then.
    """
    items = WorkItem.objects.living().filter(status=Status.IN_PROGRESS, project__status=ProjectStatus.ACTIVE)
    if project is not None:
        items = items.filter(project=project)
    mine = items.filter(claimed_by=actor, assignee=actor).select_related("project").order_by("-lease_expires_at")
    now = timezone.now()
    held = mine.filter(claim_session=actor.session_id, lease_expires_at__gt=now, lease_expires_at__lt=PAUSED).first()
    if held is not None:
        return held
    left = sorted(mine.filter(lease_expires_at__lte=now), key=lambda item: item.claim_session != actor.session_id)
    return next((item for item in left if not item.obstacles(actor)), None)


def _answered(project: Project | None, actor: User) -> WorkItem | None:
    """Return a ready item about which the actor asked and got an answer, of its own session first, or None.

    What another live session of the actor asked is left to that session.
    """
    if not _asked().rows(actor=stored(actor.pk)):
        return None
    questions = _questions().answered()
    live = apps.get_model("projects", "Session")._default_manager.live().exclude(pk=actor.session_id)
    asked = questions.filter(created_by=actor, is_asked_here=True).exclude(asked_in__in=live.values("pk"))
    items = WorkItem.objects.ready(assignee=actor.pk).filter(pk__in=asked.values("work_item")).select_related("project")
    if project is not None:
        items = items.filter(project=project)
    own = items.filter(pk__in=asked.filter(asked_in=actor.session_id).values("work_item")).first()
    return own or items.first()


def _sent_back(project: Project | None, actor: User) -> WorkItem | None:
    """Return an item that a person sent back to the actor, of its own session first, or None.

    What another live session of the actor handed in is left to that session.
    """
    reviews = apps.get_model("projects", "Review")._default_manager.sent_back_to(actor)  # its module imports this one
    live = apps.get_model("projects", "Session")._default_manager.live().exclude(pk=actor.session_id)
    items = WorkItem.objects.living().filter(project__status=ProjectStatus.ACTIVE).select_related("project")
    if project is not None:
        items = items.filter(project=project)
    free = items.filter(Q(lease_expires_at=None) | Q(lease_expires_at__lte=timezone.now()))
    others = set(live.values_list("pk", flat=True))
    found = [
        (session != actor.session_id, item)
        for pk, session in reviews.with_sessions()
        if session not in others and (item := free.filter(pk=pk).first()) and not item.obstacles(actor)
    ]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _only_project() -> Project:
    """Return the board's only project. Raises ValidationError if there are several, or none."""
    projects = list(Project.objects.living().order_by("key")[: MAX_NAMED + 1])
    if len(projects) == 1:
        return projects[0]
    if not projects:
        raise ValidationError({"project": "the board has no project yet"})
    names = ", ".join(project.key for project in projects[:MAX_NAMED])
    more = ", …" if len(projects) > MAX_NAMED else ""
    raise ValidationError({"project": f"the board has several projects; name one of: {names}{more}"})


def renew_leases(session_id: str) -> None:
    """Renew the leases of a session of which less than half is left, where the request may work."""
    now = timezone.now()
    for item in WorkItem.objects.filter(deleted_at=None, lease_expires_at__gt=now, claim_session=session_id):
        half = timedelta(minutes=item.lease_minutes) / 2
        is_due = item.lease_expires_at is not None and item.lease_expires_at < now + half
        if is_due and rights.may_write(item.project_id):
            item.renew(lease_id=item.lease_id)


def _questions() -> AnyRows:
    return apps.get_model("projects", "Question")._default_manager.all()  # its module imports this one


@functools.cache
def _asked() -> Statement:
    """Return the query that finds out whether the actor asked anything that was answered, of an item to be done."""
    questions = (
        _questions().answered().current().filter(is_asked_here=True, created_by=Bound("actor", WorkItem._meta.pk))
    )
    return Statement(questions.order_by().values_list("pk")[:1])


@functools.cache
def _first_ready() -> Loading[WorkItem]:
    now = Bound("now", WorkItem._meta.get_field("lease_expires_at"))
    assignee = Bound("assignee", WorkItem._meta.pk)
    items = WorkItem.objects.filter(**bound(WorkItem, ["project_id"])).select_related("project")
    return Loading(items.ready(now, assignee=assignee)[:1])

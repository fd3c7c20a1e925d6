"""Claiming the next ready work item; `WorkItem.claim` has the rules of a claim."""

from __future__ import annotations

import functools
import uuid
from typing import TYPE_CHECKING

from django.utils import timezone

from projects.models.exceptions import NothingReady
from projects.models.prepared_queries import Bound, Loading, bound, stored
from projects.models.work_items.choices import DEFAULT_LEASE
from projects.models.work_items.item import WorkItem

if TYPE_CHECKING:
    from projects.models.project import Project
    from projects.models.user import User


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
    now = Bound("now", WorkItem._meta.get_field("lease_expires_at"))
    ready = WorkItem.objects.filter(**bound(WorkItem, ["project_id"])).ready(now)
    return Loading(ready.select_related("project")[:1])

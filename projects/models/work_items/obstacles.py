"""Why an item can't be started now; `WorkItemQuerySet.ready` is the same rule as a query."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from django.apps import apps

from projects.models.activity import Activity, counting
from projects.models.prepared_queries import Statement, bound
from projects.models.project import Status as ProjectStatus
from projects.models.work_items.choices import MAX_IDLE_LEASES, Status

if TYPE_CHECKING:
    from projects.models.user import User
    from projects.models.work_items.item import WorkItem

MAX_NAMED = 5  # items in a reason
MAX_SOUGHT = 100  # changes to look for the one that began an item
STANDING = {
    Status.REVIEW: "it is in review",
    Status.BLOCKED: "it waits: its status is blocked",
    Status.DONE: "it is done",
    Status.CANCELLED: "it is cancelled",
}


def obstacles(item: WorkItem, actor: User | None) -> list[str]:
    """Return the reasons why `actor` can't start the item now, the item's own first; claims are not among them."""
    found = []
    if item.project.status != ProjectStatus.ACTIVE:
        found.append(f"{item.project.key} is archived")
    if item.status in STANDING:
        found.append(STANDING[Status(item.status)])
    # Most items have neither; the querysets that name them are built only for the reason.
    if item.has_open_children():
        found.append(f"open children: {_names(item.open_children())}")
    if _open_question().rows(work_item_id=item.pk.hex):
        questions = item.questions.open().order_by("created_at")[: MAX_NAMED + 1]
        found.append(f"it waits for an answer to {_names(questions)}")
    below, above = "it", item
    while True:
        # The counts of open blockers are kept by triggers, and most are 0.
        if above.open_blockers:
            found.append(f"{below} is blocked by {_names(above.unfinished_blockers())}")
        if above.parent is None:
            break
        above = above.parent
        below = f"{item.project.key}-{above.item_number} above it"
    if item.status == Status.IN_PROGRESS and item.claimed_by_id is None and _is_begun_elsewhere(item):
        found.append("it is in progress in another clone")
    if item.is_stuck:
        found.append(f"it is stuck: {MAX_IDLE_LEASES} leases or more ran out without progress")
    assignee = item.assignee
    is_abandoned = item.claimed_by_id is not None and item.claimed_by_id == item.assignee_id
    if assignee is not None and actor is not None and assignee.pk != actor.pk and not is_abandoned:
        found.append(f"it is assigned to {assignee.username}")
    return found


@functools.cache
def _open_question() -> Statement:
    questions = apps.get_model("projects", "Question")._default_manager.open()  # its module imports this one
    return Statement(questions.filter(**bound(questions.model, ["work_item_id"])).order_by().values_list("pk")[:1])


def _is_begun_elsewhere(item: WorkItem) -> bool:
    """Return True if a session that this clone does not know began the item."""
    sessions = apps.get_model("projects", "Session")._default_manager  # its module imports this one
    for activity in Activity.objects.of(item).counting().in_log_order().reverse()[:MAX_SOUGHT]:
        if any(change["field"] == "status" for change in counting(activity.changes)):
            return bool(activity.session) and not sessions.filter(pk=activity.session).exists()
    return False


def _names(items: object) -> str:
    keys = [item.display_key for item in items]  # type: ignore[attr-defined] # a queryset, which would be a circle
    more = f" and {len(keys) - MAX_NAMED} more" if len(keys) > MAX_NAMED else ""
    return ", ".join(keys[:MAX_NAMED]) + more

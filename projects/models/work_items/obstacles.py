"""Why an item can't be started now; `WorkItemQuerySet.ready` is the same rule as a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projects.models.project import Status as ProjectStatus
from projects.models.work_items.choices import Status

if TYPE_CHECKING:
    from projects.models.user import User
    from projects.models.work_items.item import WorkItem

MAX_NAMED = 5  # items in a reason
STANDING = {
    Status.REVIEW: "it is in review",
    Status.BLOCKED: "it waits for somebody: its status is blocked",
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
    children = _names(item.open_children())
    if children:
        found.append(f"open children: {children}")
    below, above = "it", item
    while True:
        blockers = _names(above.unfinished_blockers())
        if blockers:
            found.append(f"{below} is blocked by {blockers}")
        if above.parent is None:
            break
        above = above.parent
        below = f"{above.display_key} above it"
    assignee = item.assignee
    is_abandoned = item.claimed_by_id is not None and item.claimed_by_id == item.assignee_id
    if assignee is not None and actor is not None and assignee.pk != actor.pk and not is_abandoned:
        found.append(f"it is assigned to {assignee.username}")
    return found


def _names(items: object) -> str:
    keys = [item.display_key for item in items]  # type: ignore[attr-defined] # a queryset, which would be a circle
    more = f" and {len(keys) - MAX_NAMED} more" if len(keys) > MAX_NAMED else ""
    return ", ".join(keys[:MAX_NAMED]) + more

"""What an item's page shows, by a number of queries that does not grow with it."""

from __future__ import annotations

from typing import Any

from projects.models import Activity, Dependency, WorkItem
from projects.web.markdown import to_html

LATEST = 30  # lines of history
PEOPLE = ("created_by", "updated_by", "assignee", "claimed_by")


def find(identifier: str) -> WorkItem | None:
    """Return the living item of this id or display key, with what its page names."""
    items = WorkItem.objects.living().identified_by(identifier)
    return items.select_related("project", "parent__project", "sprint", *PEOPLE).first()


def context(item: WorkItem) -> dict[str, Any]:
    """Return what the template shows."""
    dependencies = list(
        Dependency.objects.living()
        .of(item.pk)
        .select_related("blocking_item__project", "blocked_item__project")
        .order_by("created_at")
    )
    ancestors = list(WorkItem.objects.living().ancestors_of(item.pk).select_related("project"))
    ancestors.sort(key=lambda ancestor: ("epic", "story", "task").index(ancestor.item_type))
    children = list(WorkItem.objects.living().filter(parent=item).select_related("project").in_order())
    comments = item.comments.living().select_related("created_by").order_by("created_at", "id")
    return {
        "item": item,
        "project": item.project,
        "description": to_html(item.description),
        "ancestors": ancestors,
        "children": children,
        "done": sum(not child.is_open for child in children),
        "blocked_by": [d.blocking_item for d in dependencies if _blocks(d) and d.blocked_item_id == item.pk],
        "blocking": [d.blocked_item for d in dependencies if _blocks(d) and d.blocking_item_id == item.pk],
        "related": [
            d.blocked_item if d.blocking_item_id == item.pk else d.blocking_item for d in dependencies if not _blocks(d)
        ],
        "comments": [(comment, to_html(comment.content)) for comment in comments],
        "entries": item.time_entries.living().select_related("user").order_by("started_at", "id"),
        "history": Activity.objects.of(item).select_related("actor").order_by("-id")[:LATEST],
    }


def _blocks(dependency: Dependency) -> bool:
    return dependency.dependency_type == "blocks"

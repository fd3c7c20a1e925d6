"""A work item and all around it, by a constant number of queries."""

from __future__ import annotations

from typing import Any

from projects.api.brevity import shorten
from projects.api.serializers.activity import ActivitySerializer
from projects.api.serializers.comment import CommentSerializer
from projects.api.serializers.time_entry import TimeEntrySerializer
from projects.api.serializers.work_item import SLIM, WorkItemRowSerializer, WorkItemSerializer
from projects.models import Activity, Comment, Dependency, TimeEntry, WorkItem

ACTIVITY_SHOWN = 20
COMMENT = ("id", "content", "version", "created_at", "updated_at", "created_by")
TIME_ENTRY = ("id", "user", "started_at", "ended_at", "duration_seconds", "is_running", "description")
ACTIVITY = ("id", "action", "changes", "actor", "created_at")
ENVELOPE = len('{"work_item":}\n')  # what the command line puts around the answer


def page_of(item: WorkItem, max_bytes: int | None) -> dict[str, Any]:
    """Return what there is to know of `item`, in at most `max_bytes` bytes of JSON; `truncated` says what was cut."""
    page = {
        **WorkItemSerializer(item).data,
        "ancestors": _rows(WorkItem.objects.ancestors_of(item.pk).order_by("item_type")),  # an epic before a story
        "children": _rows(WorkItem.objects.filter(parent_id=item.pk).in_order()),
        **_dependencies(item),
        "comments": CommentSerializer(_comments(item), many=True, pick=COMMENT).data,
        "time_entries": TimeEntrySerializer(_time_entries(item), many=True, pick=TIME_ENTRY).data,
        "activity": ActivitySerializer(_activity(item), many=True, pick=ACTIVITY).data,
        "truncated": [],
    }
    return page if max_bytes is None else shorten(page, max_bytes - ENVELOPE)


def _rows(items: Any) -> Any:
    loaded = items.living().select_related("project", "parent", "assignee").defer("description")
    return WorkItemRowSerializer(loaded, many=True, pick=SLIM).data


def _dependencies(item: WorkItem) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {"blocking": [], "blocked_by": [], "relates_to": []}
    links = Dependency.objects.living().of(item.pk).order_by("created_at", "pk")
    ends = ("blocking_item__project", "blocked_item__project")
    for link in links.select_related(*ends).defer("blocking_item__description", "blocked_item__description"):
        blocks = link.blocking_item_id == item.pk
        other = link.blocked_item if blocks else link.blocking_item
        kind = "relates_to" if link.dependency_type != "blocks" else "blocking" if blocks else "blocked_by"
        row = {name: getattr(other, name) for name in ("display_key", "item_type", "title", "status", "priority")}
        found[kind].append({"dependency_id": str(link.pk), **row})
    return found


def _comments(item: WorkItem) -> Any:
    return Comment.objects.living().filter(work_item=item).with_stamps().order_by("created_at", "pk")


def _time_entries(item: WorkItem) -> Any:
    return TimeEntry.objects.living().filter(work_item=item).select_related("user").order_by("started_at", "pk")


def _activity(item: WorkItem) -> Any:
    return Activity.objects.of(item).select_related("actor").order_by("-id")[:ACTIVITY_SHOWN]

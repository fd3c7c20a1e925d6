"""The columns and colours of `--output table`."""

from __future__ import annotations

from projects.entities.registry import ENTITIES
from projects.entities.work_item import WORK_ITEM

_RELATED = ("display_key", "work_item", "status", "priority", "item_type", "title", "id")
_CHANGES = ("id", "created_at", "display_key", "action", "changes", "actor", "entity_type")

# By list name. A narrow terminal drops columns from the end.
COLUMNS: dict[str, tuple[str, ...]] = {
    **{entity.plural: entity.columns for entity in ENTITIES if entity.columns},
    "ancestors": WORK_ITEM.columns,
    "children": WORK_ITEM.columns,
    "blocking": _RELATED,
    "blocked_by": _RELATED,
    "relates_to": _RELATED,
    "discovered_from": _RELATED,
    "discoveries": _RELATED,
    "duplicates": _RELATED,
    "duplicated_by": _RELATED,
    "activities": _CHANGES,
    "activity": _CHANGES,
    "changes": _CHANGES,
    "results": ("display_key", "type", "status", "title", "snippet"),
    "sessions": ("actor", "name", "items", "branch", "last_seen_at", "started_at", "worktree", "program"),
    "servers": ("url", "directory", "pid", "version", "started_at"),
}
# Column headings that differ from the field name.
TITLES = {
    "display_key": "key",
    "item_type": "type",
    "entity_type": "what",
    "status_value": "status",
    "story_points": "points",
    "duration_seconds": "time",
    "created_at": "created",
    "updated_at": "updated",
    "started_at": "started",
    "last_seen_at": "seen",
    "created_by": "by",
}
# Columns that wrap; all others are shown in full or dropped.
FLEXIBLE = {"title", "name", "description", "content", "goal", "snippet", "changes", "labels", "directory"}
COLOURS = {
    "ok": "green",
    "warn": "yellow",
    "fail": "red",
    "active": "green",
    "archived": "dim",
    "backlog": "dim",
    "in_progress": "yellow",
    "review": "cyan",
    "done": "green",
    "blocked": "red",
    "critical": "bold red",
    "high": "red",
    "low": "dim",
    "completed": "green",
    "cancelled": "dim",
    "deleted": "red",
}

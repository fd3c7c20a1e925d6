"""Boards with a past, for the tests of figures and forecasts."""

from __future__ import annotations

import io
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from projects.models import User
from projects.transfer import importer

NOW = datetime.now(UTC).replace(microsecond=0)


def ident(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def ago(days: float | None) -> str | None:
    return None if days is None else (NOW - timedelta(days=days)).isoformat().replace("+00:00", "Z")


def row(
    number: int,
    status: str,
    made: float,
    *,
    begun: float | None = None,
    done: float | None = None,
    parent: int | None = None,
    kind: str = "task",
) -> dict[str, Any]:
    """Return a work item of a file; its moments are days ago."""
    who = {"created_by": ident("ada"), "updated_by": ident("ada"), "version": 1}
    changed = min(moment for moment in (made, begun, done) if moment is not None)
    return {
        **{"id": ident(f"i{number}"), "project_id": ident("p"), "item_number": number, "item_type": kind},
        **{"title": f"Item {number}", "description": "", "status": status, "priority": "medium", "labels": []},
        **{"parent_id": None if parent is None else ident(f"i{parent}"), "sprint_id": None, "assignee_id": None},
        **{"story_points": 1, "position": number, "started_at": ago(begun), "completed_at": ago(done)},
        **{"created_at": ago(made), "updated_at": ago(changed), **who},
    }


def load(*items: dict[str, Any]) -> None:
    """Import the project PONE with these items."""
    who = {"created_by": ident("ada"), "updated_by": ident("ada"), "version": 1}
    project = {"id": ident("p"), "key": "PONE", "title": "First", "description": "", "status": "active"}
    project |= {"next_work_item_number": 9999, "created_at": ago(200), "updated_at": ago(200), **who}
    users = [{"id": ident("ada"), "username": "ada", "is_agent": False}]
    document = {"schema_version": 1, "projects": [project], "work_items": items, "users": users}
    importer.read(io.BytesIO(json.dumps(document).encode()), actor=User.objects.owner())


def steady(days: int = 40) -> list[dict[str, Any]]:
    """Return an epic with an item done on each of the last days and four open ones, and two open items beside it."""
    epic = row(1, "in_progress", days + 5, begun=days + 2, kind="epic")
    done = [row(100 + n, "done", days + 5, begun=n + 2, done=n + 0.01, parent=1) for n in range(1, days)]
    open_ones = [row(10 + n, "todo", days + 5, parent=1) for n in range(3)]
    return [
        epic,
        *done,
        *open_ones,
        row(20, "review", days + 5, begun=4, parent=1),
        row(30, "todo", 1),
        row(31, "todo", 1),
    ]

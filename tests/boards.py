"""A board in the form of the original tool: the real one where it is beside the project, else a small one like it."""

from __future__ import annotations

import json
import uuid
from typing import Any

from tests.processes import CHECKOUT

REAL = CHECKOUT.parent / "shared" / "data" / "agile-board-export.json"
LLM = "00000000-0000-0000-0000-000000000001"


def board_file() -> bytes:
    """Return an export of the original tool, with one dependency whose blocked item is absent."""
    return REAL.read_bytes() if REAL.exists() else json.dumps(_small(), indent=2).encode()


def counts(data: bytes) -> dict[str, int]:
    """Return how many rows each collection of a file has."""
    return {name: len(rows) for name, rows in json.loads(data).items() if isinstance(rows, list)}


def _small() -> dict[str, Any]:
    project, epic, story, task, bug = (str(uuid.uuid5(uuid.NAMESPACE_URL, name)) for name in "pestb")
    stamps = {"created_at": 1770653763, "updated_at": 1770653763, "created_by": LLM, "updated_by": LLM}

    def item(pk: str, number: int, kind: str, parent: str | None, **values: Any) -> dict[str, Any]:
        row = {
            "id": pk,
            "project_id": project,
            "item_number": number,
            "display_key": f"PONE-{number}",
            "item_type": kind,
            "title": f"{kind} &#x27;{number}&#x27;",
            "description": "It&#x27;s 🔥",
            "status": "done",
            "priority": "medium",
            "parent_id": parent,
            "sprint_id": None,
            "assignee_id": None,
            "story_points": None,
            "position": number,
            "version": 1,
            **stamps,
        }
        return row | values

    def dependency(name: str, blocking: str, blocked: str) -> dict[str, Any]:
        return {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
            "blocking_item_id": blocking,
            "blocked_item_id": blocked,
            "dependency_type": "blocks",
            "created_at": stamps["created_at"],
            "created_by": LLM,
        }

    return {
        "comments": [
            {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, "c")), "work_item_id": task, "content": "**ok**", **stamps}
        ],
        "dependencies": [
            dependency("d1", bug, task),
            dependency("d2", task, str(uuid.uuid5(uuid.NAMESPACE_URL, "gone"))),
        ],
        "exported_at": "2026-03-01T18:53:59.426700+00:00",
        "exported_by": "pm-server",
        "projects": [
            {
                "id": project,
                "key": "PONE",
                "title": "P1",
                "description": "",
                "status": "active",
                "next_work_item_number": 221,
                "version": 1,
                **stamps,
            }
        ],
        "schema_version": 1,
        "sprints": [],
        "swim_lanes": [],
        "time_entries": [],
        "work_items": [
            item(task, 3, "task", story),
            item(story, 2, "story", epic),
            item(epic, 1, "epic", None),
            item(bug, 4, "bug", None),
        ],
    }

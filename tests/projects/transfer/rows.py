"""Build import files row by row."""

from __future__ import annotations

import json
import uuid
from typing import Any

LLM = "00000000-0000-0000-0000-000000000001"
EARLY, LATE, LATER = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"
AHEAD = "2120-01-01T00:00:00Z"  # a time in the future, from a wrong clock


class Document(dict[str, Any]):
    """A builder of export files; each method adds a row and returns it."""

    def __init__(self) -> None:
        super().__init__(schema_version=1)

    @property
    def project_id(self) -> str:
        return str(self["projects"][0]["id"])

    def add(self, collection: str, **values: Any) -> dict[str, Any]:
        stamps = {"created_at": EARLY, "updated_at": EARLY, "created_by": LLM, "updated_by": LLM}
        row = {"id": str(uuid.uuid4()), **stamps, **values}
        self.setdefault(collection, []).append(row)
        return row

    def project(self, **values: Any) -> dict[str, Any]:
        return self.add("projects", **{"title": "First", **values})

    def item(self, number: int, kind: str = "task", **values: Any) -> dict[str, Any]:
        defaults = {"project_id": self.project_id, "title": f"Item {number}"}
        return self.add("work_items", item_number=number, item_type=kind, **defaults | values)

    def sprint(self, **values: Any) -> dict[str, Any]:
        defaults = {"project_id": self.project_id, "name": "One", "start_date": "2026-01-01", "end_date": "2026-01-15"}
        return self.add("sprints", **defaults | values)

    def comment(self, item: dict[str, Any], **values: Any) -> dict[str, Any]:
        return self.add("comments", work_item_id=item["id"], **{"content": "Text"} | values)

    def lane(self, status: str, **values: Any) -> dict[str, Any]:
        defaults = {"project_id": self.project_id, "name": status.title()}
        return self.add("swim_lanes", status_value=status, **defaults | values)

    def dependency(self, blocking: dict[str, Any], blocked: dict[str, Any], **values: Any) -> dict[str, Any]:
        ends = {"blocking_item_id": blocking["id"], "blocked_item_id": blocked["id"]}
        return self.add("dependencies", **{**ends, "dependency_type": "blocks"} | values)

    def time_entry(self, item: dict[str, Any], **values: Any) -> dict[str, Any]:
        defaults = {"user_id": LLM, "started_at": EARLY, "ended_at": "2026-01-01T01:00:00Z"}
        return self.add("time_entries", work_item_id=item["id"], **defaults | values)

    def deleted(self, kind: str, row: dict[str, Any], moment: str) -> None:
        self.setdefault("deleted", []).append({"type": kind, "id": row["id"], "deleted_at": moment})


def rows_of(data: bytes, collection: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(data)[collection]
    return found

"""The board of `pm demo` as an export file, with times relative to now."""

from __future__ import annotations

from projects.client.demo_data import BLOCKS, COMMENTS, ITEMS, SPRINTS, TEXTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KEY = "DEMO"
CLAIMED = "DEMO-14"  # the item that an agent has claimed


def document(now: float) -> dict[str, Any]:
    """Return the export file, with times relative to `now` (Unix seconds); each call generates new IDs."""
    import uuid
    from datetime import UTC, datetime, timedelta

    here = datetime.fromtimestamp(now, UTC)
    root = uuid.uuid5(uuid.NAMESPACE_URL, f"urn:pm:demo:{here.isoformat()}")

    def ident(kind: str, name: object) -> str:
        return str(uuid.uuid5(root, f"{kind} {name}"))

    def ago(days: float | None) -> str | None:
        return None if days is None else (here - timedelta(days=days)).isoformat().replace("+00:00", "Z")

    def day(offset: int) -> str:
        return (here + timedelta(days=offset)).date().isoformat()

    def stamps(made: float, changed: float, who: str = "ada") -> dict[str, Any]:
        return {
            "created_at": ago(made),
            "updated_at": ago(changed),
            "created_by": users[who],
            "updated_by": users[who],
            "version": 1,
        }

    def seen(number: int, first: int, left: tuple[int, ...], *, at_end: bool) -> list[dict[str, Any]]:
        """Return the items of a sprint at its start (none created later) or at its end."""
        return [
            {
                "id": ident("item", row[0]),
                "display_key": f"{KEY}-{row[0]}",
                "story_points": row[6],
                "status": row[4] if at_end and row[0] not in left else "todo",
            }
            for row in ITEMS
            if row[0] in left or (row[3] == number and (at_end or row[9] >= -first))
        ]

    # The server derives a user's ID from the name in the same way, so the same name is the same user.
    people = uuid.uuid5(uuid.NAMESPACE_URL, "urn:pm:user")
    users = {name: str(uuid.uuid5(people, name)) for name in ("ada", "bob")}
    users["llm"] = "00000000-0000-0000-0000-000000000001"
    project = ident("project", KEY)
    sprints, items = [], []
    for number, (name, goal, first, last, status, left) in enumerate(SPRINTS, 1):
        ended = status == "completed"
        started = None if status == "planned" else ago(-first)
        sprint: dict[str, Any] = {
            "id": ident("sprint", number),
            "project_id": project,
            "name": name,
            "goal": goal,
            "status": status,
        }
        sprint |= {"start_date": day(first), "end_date": day(last), "started_at": started}
        sprint |= {
            "completed_at": ago(-last) if ended else None,
            "outcome": seen(number, first, left, at_end=True) if ended else None,
        }
        sprint |= {"committed": seen(number, first, left, at_end=False) if started else None}
        sprints.append(sprint | stamps(max(11, -first), -last if ended else 8))
    for number, kind, parent, sprint_of, status, priority, points, who, labels, made, begun, done, title in ITEMS:
        item: dict[str, Any] = {
            "id": ident("item", number),
            "project_id": project,
            "item_number": number,
            "item_type": kind,
        }
        item |= {"title": title, "description": TEXTS.get(number, ""), "status": status, "priority": priority}
        item |= {"parent_id": ident("item", parent) if parent else None, "position": float(number)}
        item |= {"sprint_id": ident("sprint", sprint_of) if sprint_of else None, "story_points": points}
        item |= {"assignee_id": users[who] if who else None, "labels": labels.split(",") if labels else []}
        item |= {"started_at": ago(begun), "completed_at": ago(done)}
        changed = min(moment for moment in (made, begun, done) if moment is not None)
        items.append(item | stamps(made, changed, who or "ada"))
    return {
        "schema_version": 1,
        "projects": [
            {
                "id": project,
                "key": KEY,
                "title": "Trailhead, a guide for hikers",
                "description": "An example. Delete it when you have seen enough: `pm project delete DEMO`.",
                "status": "active",
                "next_work_item_number": len(ITEMS) + 1,
                **stamps(45, 45),
            }
        ],
        "work_items": items,
        "sprints": sprints,
        "comments": [
            {
                "id": ident("comment", index),
                "work_item_id": ident("item", item),
                "content": text,
                **stamps(age, age, who),
            }
            for index, (item, who, age, text) in enumerate(COMMENTS)
        ],
        "dependencies": [
            {
                "id": ident("dependency", pair),
                "blocking_item_id": ident("item", pair[0]),
                "blocked_item_id": ident("item", pair[1]),
                "dependency_type": "blocks",
                **stamps(9, 9),
            }
            for pair in BLOCKS
        ],
        "swim_lanes": [
            {
                "id": str(uuid.uuid5(uuid.UUID(project), status)),
                "project_id": project,
                "name": name,
                "status_value": status,
                "position": position,
                "wip_limit": 4 if status == "in_progress" else None,
                **stamps(45, 45),
            }
            for position, (status, name) in enumerate(
                (
                    ("backlog", "Backlog"),
                    ("todo", "To do"),
                    ("in_progress", "In progress"),
                    ("blocked", "Blocked"),
                    ("review", "Review"),
                    ("done", "Done"),
                )
            )
        ],
        "time_entries": [],
        "users": [{"id": pk, "username": name, "is_agent": name == "llm"} for name, pk in sorted(users.items())],
        "deleted": [],
    }

"""The board of `pm demo` as an export file: a small product halfway through its third sprint, as of now."""

from __future__ import annotations

from projects.ordering_keys import keys_between

KEY = "DEMO"
CLAIMED = "DEMO-14"  # the item that an agent has claimed

SPRINTS = (
    # name, goal, first day relative to today, last day, status, unfinished items
    ("A first map", "See where I am.", -38, -24, "completed", (7,)),
    ("Trails on the map", "Find a trail nearby and see how long it is.", -23, -9, "completed", ()),
    ("Ready for the weekend", "Walk a trail without a network.", -8, 6, "active", ()),
    ("Share it", "Photos and ratings.", 7, 21, "planned", ()),
)
# Number, type, parent, sprint (0: none), status, priority, points, assignee, labels,
# days since creation, start and completion, title
ITEMS = (
    (1, "epic", 0, 0, "in_progress", "high", None, "ada", "", 45, 38, None, "Find a trail"),
    (2, "epic", 0, 0, "in_progress", "high", None, "ada", "offline", 45, 8, None, "Walk without a network"),
    (3, "epic", 0, 0, "backlog", "medium", None, "", "", 24, None, None, "Share trails with others"),
    (4, "story", 1, 2, "done", "high", 8, "ada", "map", 29, 22, 17, "See the trails around me on a map"),
    (5, "task", 4, 2, "done", "medium", 3, "llm", "map", 29, 21, 19, "Read trails from GPX files"),
    (6, "task", 4, 2, "done", "medium", 2, "llm", "map", 29, 19, 18, "Cluster the markers when zoomed out"),
    (7, "story", 1, 2, "done", "medium", 5, "bob", "", 42, 16, 12, "Filter by length and climb"),
    (8, "task", 0, 2, "done", "critical", 2, "llm", "bug", 15, 14, 14, "Crash on trails that cross the date line"),
    (9, "story", 1, 3, "done", "medium", 3, "bob", "", 20, 8, 6, "Show the elevation of a trail as a curve"),
    (10, "story", 2, 3, "in_progress", "high", 5, "ada", "offline", 20, 7, None, "Download a region for later"),
    (11, "task", 10, 3, "done", "high", 3, "llm", "offline", 12, 6, 4, "Store map tiles in one file per region"),
    (12, "task", 10, 3, "review", "high", 2, "llm", "offline", 12, 4, None, "Resume a broken download"),
    (13, "task", 10, 3, "todo", "medium", 1, "", "offline,ui", 12, None, None, "Show how much space a region takes"),
    (14, "task", 10, 3, "todo", "high", 2, "", "offline", 5, None, None, "Delete the oldest region when disk is full"),
    (15, "story", 2, 3, "todo", "medium", 3, "bob", "offline", 15, None, None, "Know where I am without a network"),
    (16, "task", 15, 3, "todo", "medium", 2, "", "battery", 10, None, None, "Ask for the position less often at rest"),
    (17, "task", 0, 3, "in_progress", "critical", 1, "bob", "bug", 3, 1, None, "Distances are wrong in imperial units"),
    (18, "task", 0, 3, "blocked", "medium", 1, "ada", "release", 12, 5, None, "Publish to the store"),
    (19, "story", 3, 4, "backlog", "medium", 5, "", "photos", 20, None, None, "Attach photos to a place on the trail"),
    (20, "story", 3, 4, "backlog", "low", 3, "", "", 20, None, None, "Rate a trail after the walk"),
    (21, "task", 19, 0, "backlog", "high", 2, "", "photos,privacy", 14, None, None, "Strip the location from photos"),
    (22, "task", 0, 0, "backlog", "low", 1, "", "docs", 6, None, None, "Credit the map sources in the help"),
    (23, "story", 1, 1, "done", "high", 8, "ada", "map", 43, 38, 32, "Scroll and zoom a map"),
    (24, "task", 23, 1, "done", "high", 3, "llm", "map", 43, 37, 34, "Fetch tiles and keep the latest in memory"),
    (25, "task", 23, 1, "done", "medium", 2, "bob", "map", 43, 33, 32, "Show the attribution of the map"),
    (26, "story", 1, 1, "done", "medium", 3, "bob", "", 42, 30, 27, "See where I stand on the map"),
    (27, "task", 0, 3, "done", "medium", 3, "llm", "ui", 11, 3, 2, "Remember the last region across restarts"),
    (28, "story", 3, 0, "backlog", "medium", 5, "", "", 9, None, None, "Send a trail to a friend as a link"),
    (29, "task", 0, 0, "backlog", "low", 2, "", "ui", 4, None, None, "Larger letters for bright sunshine"),
)
BLOCKS = ((12, 13), (11, 14), (17, 18), (21, 19), (11, 16))  # the first blocks the second
TEXTS = {
    10: "As a hiker I want the whole region on my phone, since valleys have no network.\n\n- [x] tiles\n- [ ] resume\n"
    "- [ ] space\n\nDEMO-11 defines the file format.",
    12: "Continue an interrupted download where it stopped: `Range: bytes=…`, validated by the `ETag`.",
    17: "1 mi is shown as **1.6 mi**. Happens since DEMO-7.",
}
COMMENTS = (
    # item, author, days ago, text
    (12, "llm", 2, "Done, except for servers without `Range`: those downloads restart. Ready for review."),
    (12, "ada", 1, "Works on my phone. Please add a test for a changed `ETag`."),
    (17, "bob", 1, "Found it: the conversion runs twice. Fixing it in the view, not in the model."),
    (18, "ada", 5, "Blocked by DEMO-17: nobody should walk 1.6 times too far."),
)


def document(now: float) -> dict[str, object]:
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

    def stamps(made: float, changed: float, who: str = "ada") -> dict[str, object]:
        return {
            "created_at": ago(made),
            "updated_at": ago(changed),
            "created_by": users[who],
            "updated_by": users[who],
            "version": 1,
        }

    def seen(number: int, first: int, left: tuple[int, ...], *, at_end: bool) -> list[dict[str, object]]:
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
    positions = keys_between(None, None, len(ITEMS))
    for number, (name, goal, first, last, status, left) in enumerate(SPRINTS, 1):
        ended = status == "completed"
        started = None if status == "planned" else ago(-first)
        sprint: dict[str, object] = {
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
        item: dict[str, object] = {
            "id": ident("item", number),
            "project_id": project,
            "item_number": number,
            "item_type": kind,
        }
        item |= {"title": title, "description": TEXTS.get(number, ""), "status": status, "priority": priority}
        item |= {"parent_id": ident("item", parent) if parent else None, "position": positions[number - 1]}
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
                "description": "An example. Delete it in the settings of the project when you have seen enough.",
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

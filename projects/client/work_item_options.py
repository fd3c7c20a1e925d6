"""The flags of `pm work-item`: what an item can be given, and what lists of them can be narrowed to."""

from __future__ import annotations

from projects.client import texts
from projects.client.grammar import Words, option
from projects.client.resource import DELETED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from projects.client.arguments import Options

TYPES = ("epic", "story", "task")
STATUSES = ("backlog", "todo", "in_progress", "review", "done", "blocked")
PRIORITIES = ("low", "medium", "high", "critical")

TYPE = option("--type", required=True, choices=TYPES, help="epic, story or task; it never changes")
NEW_TITLE = option("--title", required=True, metavar="TEXT", help="200 characters at most")
TITLE = option("--title", metavar="TEXT", help="200 characters at most")
FIELDS = (
    *texts.options("description"),
    option("--parent", metavar="ITEM", help="what it belongs to: an epic, for a task also a story"),
    option("--status", choices=STATUSES, help="where it stands; new ones are in the backlog"),
    option("--priority", choices=PRIORITIES, help="how urgent it is; new ones are medium"),
    option("--assignee", metavar="NAME", help="who does it"),
    option("--sprint", metavar="SPRINT", help="a sprint's id; stories and tasks only"),
    option("--label", action="append", metavar="NAME", help="a label, again for each; they replace those it has"),
    option("--points", type=int, metavar="N", help="story points, 0 to 100"),
)
CLEARING: dict[str, tuple[str, object]] = {
    "description": ("description", ""),
    "parent": ("parent_id", None),
    "sprint": ("sprint_id", None),
    "assignee": ("assignee", None),
    "labels": ("labels", []),
    "points": ("story_points", None),
}
FILTERS = (
    option("--type", action="append", type=Words(TYPES), metavar="A,B", help="only epic, story, task"),
    option(
        "--status",
        action="append",
        type=Words(STATUSES),
        metavar="A,B",
        help="only backlog, todo, in_progress, review, blocked, done; done needs no --include-done",
    ),
    option("--priority", action="append", type=Words(PRIORITIES), metavar="A,B", help="only low … critical"),
    option("--assignee", metavar="NAME", help="only this user's"),
    option("--label", action="append", metavar="A,B", help="only with all of these labels, in any case"),
    option("--sprint", metavar="SPRINT", help="only in this sprint"),
    option("--parent", metavar="ITEM", help="only the children of this item"),
    option("--orphaned", action="store_true", help="only stories and tasks without a parent"),
    option("--descendants-of", metavar="ITEM", help="only what is below this item, at any depth"),
    option("--ancestors-of", metavar="ITEM", help="only what is above this item"),
    option("--blocked", action="store_true", help="only what waits for an unfinished blocker"),
    option("--updated-since", metavar="TIME", help="only what was changed at this time (ISO 8601) or later"),
    option("--search", metavar="TEXT", help="only with these words in key, title or description"),
    option("--include-done", action="store_true", help="also what is done"),
    DELETED,
)
LEASE = option("--lease", type=int, metavar="MINUTES", help="how long the claim holds without a renewal (60)")
LEASE_ID = option("--lease-id", required=True, metavar="L", help="your claim, as it was answered")
MOVE = (
    option("--before", metavar="ITEM", help="put it right before this item"),
    option("--after", metavar="ITEM", help="put it right after this item"),
)


def fields_of(options: Options) -> dict[str, Any]:
    """Return the fields that FIELDS and TITLE give, by the names of the API; None for what is not given."""
    return {
        "title": options.title,
        "description": texts.read(options, "description"),
        "status": options.status,
        "priority": options.priority,
        "parent_id": options.parent,
        "sprint_id": options.sprint,
        # Scripts of old name users by their ids.
        "assignee_id" if _is_uuid(options.assignee) else "assignee": options.assignee,
        "labels": options.label,
        "story_points": options.points,
    }


def _is_uuid(text: str | None) -> bool:
    return text is not None and [len(part) for part in text.split("-")] == [8, 4, 4, 4, 12]

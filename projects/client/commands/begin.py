"""`pm begin`: claim an item and show it, in one call."""

from __future__ import annotations

from projects.client.commands.who import without_empty
from projects.client.commands.work_item import ITEMS, LEASE
from projects.client.grammar import Verb, option
from projects.client.resource import PROJECT_FLAG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.context import Context

SHOWN = ("display_key", "item_type", "title", "status", "priority", "version", "description", "labels", "story_points")
COMMENTS = 3  # the latest


def begin(context: Context) -> None:
    """Claim an item, or the next one, and print what is needed to work on it."""
    options = context.options
    body = {} if options.lease is None else {"lease": options.lease}
    if options.id:
        if options.force:
            body["force"] = True
        begun = context.api.call("POST", f"{ITEMS.path_to(options.id)}begin/", body)
    else:
        if options.project:
            body["project"] = options.project
        begun = context.api.call("POST", f"{ITEMS.path}begin/", body)
    context.show({"work_item": brief(begun)})


def brief(page: Json) -> Json:
    """Return what somebody needs who starts the item: no IDs where a key exists, nothing empty."""
    comments = [
        {"by": comment["created_by"], "at": comment["created_at"], "content": comment["content"]}
        for comment in page["comments"][-COMMENTS:]
    ]
    return without_empty(
        {
            **{name: page[name] for name in SHOWN},
            "lease_expires_at": page["lease_expires_at"],
            "above": [f"{one['display_key']} {one['title']}" for one in page["ancestors"]],
            "children": [f"{one['display_key']} {one['status']} {one['title']}" for one in page["children"]],
            "blocks": [one["display_key"] for one in page["blocking"]],
            "relates_to": [one["display_key"] for one in page["relates_to"]],
            "comments": comments,
            "earlier_comments": max(0, len(page["comments"]) - COMMENTS) or None,
        }
    )


VERB = Verb(
    "",
    "Claim an item and show it; without KEY your own in progress, else the first ready one. Again renews it.",
    begin,
    (
        option("id", nargs="?", metavar="KEY", help="the item"),
        PROJECT_FLAG,
        LEASE,
        option("--force", action="store_true", help="take it although it is not ready or somebody else's"),
    ),
    example="pm begin PONE-12",
)

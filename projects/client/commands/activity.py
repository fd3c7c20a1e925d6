"""`pm activity`: who changed what, and when."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.resource import LIST, Resource, past

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

ACTIVITIES = Resource("activity", "activity", "activities")


def list_activities(context: Context) -> None:
    """List activity."""
    options = context.options
    entity = None
    if options.work_item is not None:
        item = Resource("work-items", "work_item", "work_items")
        entity = context.api.get(item.path_to(options.work_item), wanted=("id",))["id"]
    ACTIVITIES.list(context, project=options.project, actor=options.by, since=options.since, entity=entity)


VERBS = (
    Verb(
        "list",
        "List changes, oldest first; --sort=-id for newest first, --full for old and new values.",
        list_activities,
        (
            option("--work-item", metavar="ITEM", help="only changes of this work item"),
            option("--project", metavar="PROJECT", help="only in this project"),
            option("--actor", dest="by", metavar="NAME", help="only changes by this user"),
            option(
                "--since",
                type=past,
                metavar="ID_OR_TIME",
                help="only changes after this activity ID, or since this time (ISO 8601, 2h, yesterday)",
            ),
            *LIST,
        ),
    ),
)

"""`pm inbox`: what waits for a person."""

from __future__ import annotations

from projects.client.grammar import Verb
from projects.client.resource import LINES, PAGES, Resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

INBOX = Resource("inbox", "entry", "inbox")
LARGEST_PAGE = 200


def inbox(context: Context) -> None:
    """Print a page of what waits, or all pages with `--all`."""
    options = context.options
    limit = LARGEST_PAGE if options.all and options.limit is None else options.limit
    query = {"limit": limit, "cursor": options.cursor}
    rows, following, page = INBOX.pages(context, query, every=options.all, wanted=("total", "total_is_exact"))
    context.show({"inbox": rows, "total": page["total"], **({"next": following} if following else {})})


VERB = Verb(
    "",
    "List what waits for a person: the most urgent first. People settle it in the browser, at /inbox/.",
    inbox,
    (*PAGES, LINES),
    example="pm inbox --lines",
)

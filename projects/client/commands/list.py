"""`pm list`: the unfinished items of the board."""

from __future__ import annotations

from projects.client.grammar import Verb
from projects.client.receipts import FIELDS, ITEMS, short_row
from projects.client.resource import LINES, PROJECT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def list_items(context: Context) -> None:
    """List items in few bytes."""
    options = context.options
    if options.full or options.fields or options.output == "table":
        from projects.client.commands import work_item

        work_item.list_items(context)
        return
    query = {
        "project": options.project,
        **ITEMS.filters(options),
        "ordering": options.sort,
        "fields": FIELDS,
        "limit": options.limit,
        "cursor": options.cursor,
    }
    rows, following, _ = ITEMS.pages(context, query, every=options.all)
    document: dict[str, object] = {"work_items": [short_row(row) for row in rows]}
    if following is not None:
        document["next"] = following
    context.show(document)


VERB = Verb(
    "",
    "List the unfinished items of the board.",
    list_items,
    (PROJECT, *ITEMS.list_options(), LINES),
    example="pm list --status todo --lines",
)

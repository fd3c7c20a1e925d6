"""`pm ready`: what you can start now, and why not."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.receipts import FIELDS, FULL, ITEMS, short_row
from projects.client.resource import LIMIT, LINES, PROJECT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def ready(context: Context) -> None:
    """List the ready items, or explain one."""
    options = context.options
    key = options.explain
    if key is not None:
        found = context.api.get(f"{ITEMS.path_to(key)}readiness/", wanted=("ready", "reasons"))
        context.show({"key": key.upper(), **found})
        return
    is_short = not options.full and options.output != "table"
    query = {"project": options.project, "limit": options.limit, "fields": FIELDS if is_short else None}
    rows = context.api.get(f"{ITEMS.path}ready/", query, wanted=("results",))["results"]
    context.show({"work_items": [short_row(row) if is_short else row for row in rows]})


VERB = Verb(
    "",
    "List what you can start now, in the order to do it; --explain KEY says why an item is or is not ready.",
    ready,
    (
        PROJECT,
        LIMIT,
        option("--explain", metavar="KEY", help="say why this item is or is not ready"),
        LINES,
        FULL,
    ),
    example="pm ready --lines",
)

"""`pm log`: the history of an item."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.receipts import EACH, ITEMS
from projects.client.resource import LIMIT, LINES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def log(context: Context) -> None:
    """Print what happened to an item, the latest first."""
    options = context.options
    query = {"limit": options.limit, "before": options.before}
    context.show(context.api.get(f"{ITEMS.path_of(context)}log/", query, wanted=("log",)))


VERB = Verb(
    "",
    "Show what happened to an item, its comments, links and time, the latest first.",
    log,
    (
        EACH,
        LIMIT,
        option("--before", type=int, metavar="ID", help='continue at the "before" of the previous page'),
        LINES,
    ),
    example="pm log PONE-12",
)

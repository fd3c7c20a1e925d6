"""`pm tree`: items below their parents."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.receipts import ITEMS, PROJECT_FLAG
from projects.client.resource import LINES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def tree(context: Context) -> None:
    """Print the open items as a tree, or one item with all below it."""
    query = {"item": context.options.id, "project": context.options.project}
    context.show(context.api.get(f"{ITEMS.path}tree/", query, wanted=("tree",)))


VERB = Verb(
    "",
    "Show the open items below their parents, or an item with everything below it.",
    tree,
    (option("id", nargs="?", metavar="KEY", help="show this item and what is below it"), PROJECT_FLAG, LINES),
    example="pm tree PONE-3",
)

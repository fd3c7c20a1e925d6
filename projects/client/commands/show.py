"""`pm show`: items with their description, links and comments."""

from __future__ import annotations

from projects.client.grammar import Verb
from projects.client.receipts import FULL, ITEMS, KEYS
from projects.client.resource import LINES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def show(context: Context) -> None:
    """Print items, one a line."""
    options = context.options
    action = "show" if options.full else "brief"
    found = [context.api.get(f"{ITEMS.path_to(key)}{action}/") for key in options.ids]
    for item in found:
        context.show({"work_item": item} if options.full else item)


VERB = Verb(
    "",
    "Show items with what is above and below them, their links and latest comments; pm log has the history.",
    show,
    (KEYS, LINES, FULL),
    example="pm show PONE-12",
)

"""`pm review`: hand an item in."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.receipts import EACH_HELD, FULL, ITEMS, show, text_or_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def review(context: Context) -> None:
    """Set an item to review, with a text for the person who reads it."""
    options = context.options
    if options.message == "-":
        options.message = text_or_input("-", "message")  # once, for all items
    body = {} if options.message is None else {"text": options.message}
    show(context, [context.api.call("POST", f"{ITEMS.path_of(context)}review/", body, wanted=("key",))])


VERB = Verb(
    "",
    "Hand an item in: a person accepts it, or sends it back with a text that the next pm begin shows.",
    review,
    (
        EACH_HELD,
        option("-m", "--message", metavar="TEXT", help="what was done, and how to see it; - reads standard input"),
        FULL,
    ),
    example='pm review PONE-12 -m "parses nested lists; pytest tests/parser"',
)

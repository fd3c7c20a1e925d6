"""`pm back`: give an item back."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.receipts import EACH_HELD, FULL, ITEMS, show, text_or_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def back(context: Context) -> None:
    """Release the claim of an item, and leave a note."""
    options = context.options
    if options.message == "-":
        options.message = text_or_input("-", "message")  # once, for all items
    show(context, [ITEMS.act(context, "back", note=options.message, force=options.force or None)])


VERB = Verb(
    "",
    "Give an item back, so that others can take it.",
    back,
    (
        EACH_HELD,
        option("-m", "--message", metavar="TEXT", help="what the next one should know, as a handover"),
        option("--force", action="store_true", help="give back the claim of another session"),
        FULL,
    ),
    example='pm back PONE-12 -m "the parser is done, tests are missing"',
)

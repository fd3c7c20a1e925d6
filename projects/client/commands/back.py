"""`pm back`: give an item back."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.receipts import FULL, ITEMS, KEY, show, text_or_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def back(context: Context) -> None:
    """Release the claim of an item, and leave a note."""
    options = context.options
    note = None if options.message is None else text_or_input(options.message, "message")
    show(context, [ITEMS.act(context, "back", note=note, force=options.force or None)])


VERB = Verb(
    "",
    "Give an item back, so that others can take it.",
    back,
    (
        KEY,
        option("-m", "--message", metavar="TEXT", help="what the next one should know, as a handover"),
        option("--force", action="store_true", help="give back the claim of another session"),
        FULL,
    ),
    example='pm back PONE-12 -m "the parser is done, tests are missing"',
)

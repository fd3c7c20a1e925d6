"""`pm accept`: accept what was handed in, as a person."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.receipts import EACH, FULL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def accept(context: Context) -> None:
    """Set an item in review to done, after a person at the terminal agrees."""
    from projects.client.reviewing import decide

    options = context.options
    decide(context, "accept", "Accept {}?", text=options.message, force=options.force or None)


VERB = Verb(
    "",
    "Accept what was handed in: the item is done. Only a person can, at a terminal.",
    accept,
    (
        EACH,
        option("-m", "--message", metavar="TEXT", help="a text for the author"),
        option("--force", action="store_true", help="despite open children or blockers"),
        FULL,
    ),
    example="pm accept PONE-12",
)

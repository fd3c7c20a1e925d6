"""`pm waive`: close an item although evidence is missing, as a person."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.receipts import EACH, FULL, text_or_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def waive(context: Context) -> None:
    """Set an item to done without what is missing, after a person at the terminal agrees."""
    from projects.client.reviewing import decide

    question = "Close {} without that? It is recorded, and marked wherever the item is shown."
    decide(context, "waive", question, reason=text_or_input(context.options.message, "message"))


VERB = Verb(
    "",
    "Close an item without the evidence that is missing; what was is recorded. Only a person can, at a terminal.",
    waive,
    (EACH, option("-m", "--message", required=True, metavar="TEXT", help="why"), FULL),
    example='pm waive PONE-12 -m "the device for the check is broken"',
)

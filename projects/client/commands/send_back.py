"""`pm send-back`: send back what was handed in, as a person."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.receipts import EACH, FULL, text_or_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def send_back(context: Context) -> None:
    """Set an item in review to in progress, with what has to change, after a person at the terminal agrees."""
    from projects.client.reviewing import decide

    decide(context, "send-back", "Send {} back?", text=text_or_input(context.options.message, "message"))


VERB = Verb(
    "",
    "Send back what was handed in: the next pm begin of its session shows the text. Only a person can, at a terminal.",
    send_back,
    (EACH, option("-m", "--message", required=True, metavar="TEXT", help="what has to change"), FULL),
    example='pm send-back PONE-12 -m "test the empty list, too"',
)

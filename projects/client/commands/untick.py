"""`pm untick`: remove the ticks of acceptance criteria."""

from __future__ import annotations

from projects.client.commands.tick import NUMBERS, set_ticks
from projects.client.grammar import Verb
from projects.client.receipts import KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def untick(context: Context) -> None:
    """Remove the ticks of criteria."""
    set_ticks(context, ticked=False)


VERB = Verb("", "Remove the ticks of acceptance criteria.", untick, (KEY, NUMBERS), example="pm untick PONE-12 2")

"""`pm tick`: tick acceptance criteria."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.receipts import ITEMS, KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

NUMBERS = option(
    "numbers", nargs="+", type=int, metavar="N", help="numbers of criteria, counting from 1 as pm show does"
)


def tick(context: Context) -> None:
    """Tick criteria."""
    set_ticks(context, ticked=True)


def set_ticks(context: Context, *, ticked: bool) -> None:
    """Tick criteria or remove their ticks, and print how many of the item's are ticked."""
    body = {"numbers": context.options.numbers, "ticked": ticked}
    context.show(context.api.call("POST", f"{ITEMS.path_of(context)}tick/", body))


VERB = Verb(
    "",
    "Tick acceptance criteria that you saw hold; answers how many of the item's are ticked.",
    tick,
    (KEY, NUMBERS),
    example="pm tick PONE-12 1 3",
)

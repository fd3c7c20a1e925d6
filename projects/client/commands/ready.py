"""`pm ready`: what you can start now, and why not."""

from __future__ import annotations

from projects.client.commands.work_item import ITEMS
from projects.client.commands.work_item import ready as list_ready
from projects.client.grammar import Verb, option
from projects.client.resource import LIMIT, PROJECT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def ready(context: Context) -> None:
    """List the ready items, or explain one."""
    key = context.options.explain
    if key is None:
        list_ready(context)
        return
    found = context.api.get(f"{ITEMS.path_to(key)}readiness/", wanted=("ready", "reasons"))
    context.show({"key": key.upper(), **found})


VERB = Verb(
    "",
    "List what you can start now, in the order to do it; --explain KEY says why an item is or is not ready.",
    ready,
    (PROJECT, LIMIT, option("--explain", metavar="KEY", help="say why this item is or is not ready")),
    example="pm ready --limit 5",
)

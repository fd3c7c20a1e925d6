"""`pm done`: close items."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.receipts import FORCE, FULL, KEYS, edit, text_or_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def done(context: Context) -> None:
    """Set items to done."""
    options = context.options
    changes: dict[str, object] = {"status": "done"}
    if options.message is not None:
        changes["close_reason"] = text_or_input(options.message, "message")
    if options.force:
        changes["force"] = True
    edit(context, options.ids, changes)


VERB = Verb(
    "",
    "Set items to done, all or none; answers what that unblocked and what is open in the parent.",
    done,
    (KEYS, option("-m", "--message", metavar="TEXT", help="what was done, as close reason"), FORCE, FULL),
    example='pm done PONE-12 -m "parses nested lists"',
)

"""`pm done`: close items."""

from __future__ import annotations

from projects.client.errors import ApiError
from projects.client.grammar import Verb, option
from projects.client.receipts import FORCE, FULL, HELD_KEYS, edit, text_or_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def done(context: Context) -> None:
    """Set items to done."""
    options = context.options
    context.report_commits()
    changes: dict[str, object] = {"status": "done"}
    if options.message is not None:
        changes["close_reason"] = text_or_input(options.message, "message")
    if options.force:
        changes["force"] = True
    keys = options.ids
    if not keys:
        from projects.client.held_item import held_item

        keys = [held_item(context, "done")]
    receipts = edit(context, keys, changes, keep_closed=True)  # what is done keeps its reason
    if context.identity.source == "terminal" and any(receipt["status"] == "review" for receipt in receipts):
        from projects.client.reviewing import offer_acceptance

        offer_acceptance(context, receipts)
    if options.next:
        begin_next(context, receipts[-1]["key"].rpartition("-")[0])


def begin_next(context: Context, project: str) -> None:
    """Begin the next item of a project, and print it; that nothing is ready is no error: the others are done."""
    from projects.client.commands.begin import show, take

    try:
        item = take(context, project=project)
    except ApiError as error:
        if error.error["code"] != "NOTHING_READY":
            raise
        item = {"nothing_ready": str(error)}
    show(context, item)


VERB = Verb(
    "",
    "Set items to done, all or none; answers what that unblocked and what is open in the parent.",
    done,
    (
        HELD_KEYS,
        option("-m", "--message", metavar="TEXT", help="what was done, as close reason"),
        option("--next", action="store_true", help="then begin the next item"),
        FORCE,
        FULL,
    ),
    example='pm done PONE-12 -m "parses nested lists"',
)

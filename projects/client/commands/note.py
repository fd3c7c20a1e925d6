"""`pm note`: comment on an item."""

from __future__ import annotations

from projects.client.errors import UsageError
from projects.client.grammar import Verb, option
from projects.client.receipts import FULL, ITEMS, KEY, text_or_input
from projects.client.resource import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def note(context: Context) -> None:
    """Comment on an item."""
    options = context.options
    if options.decision and options.handover:
        raise UsageError("--decision and --handover can't be used together", field="decision")
    kind = "decision" if options.decision else "handover" if options.handover else None
    noted = ITEMS.act(context, "note", content=text_or_input(options.text, "text"), kind=kind)
    context.show({"comment": context.api.get(f"{ROOT}comments/{noted['comment']}/")} if options.full else noted)


VERB = Verb(
    "",
    "Comment on an item.",
    note,
    (
        KEY,
        option("text", metavar="TEXT", help="the comment in Markdown; - reads standard input"),
        option("--decision", action="store_true", help="a decision for the whole project, which pm prime prints"),
        option("--handover", action="store_true", help="what the next one should know"),
        FULL,
    ),
    example='pm note PONE-12 "the cause is in parse()"',
)

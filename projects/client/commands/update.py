"""`pm update`: change items."""

from __future__ import annotations

from projects.client.commands.work_item import UPDATE, claim_and_labels
from projects.client.grammar import Verb, option
from projects.client.receipts import ACCEPT, FULL, ITEMS, KEYS, edit, texts_from_input, without_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.context import Context

CRITERIA = ("accept", "remove_criteria", "tick")  # what an edit says of acceptance criteria


def update(context: Context) -> None:
    """Make the same changes to one or more items."""
    options = context.options
    criteria = {name: given for name in CRITERIA if (given := getattr(options, name))}
    if criteria and not (ITEMS.given(options) or claim_and_labels(options) or options.clear):
        changes: dict[str, Json] = {}
    else:
        changes = texts_from_input(ITEMS.changes(options, force=options.force, more=claim_and_labels(options)))
    edit(context, options.ids, changes, **criteria)


VERB = Verb(
    "",
    "Make the same changes to one or more items, all or none. Texts can be -.",
    update,
    (
        KEYS,
        *without_files(UPDATE[1:]),
        ACCEPT,
        option(
            "--remove-criterion",
            dest="remove_criteria",
            action="append",
            type=int,
            metavar="N",
            help="delete the criterion with this number",
        ),
        option("--tick", action="append", type=int, metavar="N", help="tick the criterion with this number"),
        FULL,
    ),
    example="pm update PONE-12 PONE-13 --points 3",
)

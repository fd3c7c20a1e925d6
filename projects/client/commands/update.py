"""`pm update`: change items."""

from __future__ import annotations

from projects.client.commands.work_item import UPDATE, claim_and_labels
from projects.client.grammar import Verb
from projects.client.receipts import FULL, ITEMS, KEYS, edit, texts_from_input, without_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def update(context: Context) -> None:
    """Make the same changes to one or more items."""
    options = context.options
    changes = ITEMS.changes(options, force=options.force, more=claim_and_labels(options))
    edit(context, options.ids, texts_from_input(changes))


VERB = Verb(
    "",
    "Make the same changes to one or more items, all or none. Texts can be - for standard input.",
    update,
    (KEYS, *without_files(UPDATE[1:]), FULL),
    example="pm update PONE-12 PONE-13 --points 3",
)

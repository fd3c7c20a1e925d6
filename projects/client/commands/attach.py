"""`pm attach`: attach a file to an item."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.receipts import KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def attach(context: Context) -> None:
    """Attach a file to an item."""
    from projects.client import attaching

    options = context.options
    context.show({"attachment": attaching.attach(context, options.id, options.file, options.name)})


VERB = Verb(
    "",
    "Attach a file of at most 5 MiB to an item; its markdown shows or links it in texts.",
    attach,
    (
        KEY,
        option("file", metavar="FILE", help="the file; - reads standard input"),
        option("--name", metavar="NAME", help="its name on the board; by default that of the file"),
    ),
    example="pm attach PONE-12 screenshot.png",
)

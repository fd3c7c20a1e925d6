"""`pm export`: items in the format of another tool."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.receipts import ITEMS
from projects.client.resource import PROJECT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

FORMATS = ("csv", "markdown", "github", "beads")


def export(context: Context) -> None:
    """Write items as another tool reads them."""
    from projects.client import tracker_files

    options = context.options
    query = {"project": options.project, **ITEMS.filters(options)}
    size = tracker_files.export_items(context, options.format, options.path, query)
    if options.path not in (None, "-"):
        context.show({"exported": {"path": options.path, "bytes": size}})


VERB = Verb(
    "",
    "Write items as CSV, Markdown, GitHub's JSON or beads' JSON lines; closed ones, too.",
    export,
    (
        option("format", metavar="FORMAT", choices=FORMATS, help=", ".join(FORMATS)),
        option("-o", dest="path", metavar="FILE", help="the file to write; without it, standard output"),
        PROJECT,
        *ITEMS.filter_options(),
    ),
    example="pm export csv --label backend -o items.csv",
)

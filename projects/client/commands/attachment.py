"""`pm attachment`: the files of work items. `pm attach` adds one."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.resource import EXPECTED_VERSION, ID, EntityResource
from projects.entities.attachment import ATTACHMENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

ATTACHMENTS = EntityResource(ATTACHMENT)


def list_rows(context: Context) -> None:
    """List attachments."""
    ATTACHMENTS.list(context, **ATTACHMENTS.filters(context.options))


def get(context: Context) -> None:
    """Show an attachment, or write its content to a file."""
    if context.options.path is None:
        ATTACHMENTS.get(context)
        return
    from projects.client import attaching

    attaching.fetch(context, context.options.path)
    if context.options.path != "-":
        ATTACHMENTS.get(context)


VERBS = (
    Verb("list", "List attachments.", list_rows, ATTACHMENTS.list_options()),
    Verb(
        "get",
        "Show what is known of an attachment, and with -o write its content.",
        get,
        (
            option("id", metavar="ID", help="UUID"),
            option("-o", dest="path", metavar="FILE", help="write the content to this file; - is standard output"),
        ),
        example="pm attachment get 0f3c…  -o screenshot.png",
    ),
    Verb("delete", "Delete an attachment; restore undoes this.", ATTACHMENTS.delete, (ID, EXPECTED_VERSION)),
    Verb("restore", "Restore a deleted attachment.", ATTACHMENTS.restore, (ID,)),
)

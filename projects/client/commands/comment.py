"""`pm comment`: comments on work items."""

from __future__ import annotations

from projects.client.errors import UsageError
from projects.client.grammar import Verb
from projects.client.resource import EXPECTED_VERSION, ID, EntityResource
from projects.entities import comment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

COMMENTS = EntityResource(comment.COMMENT)
PLACES = ("--work-item", "--content")


def list_comments(context: Context) -> None:
    """List the comments on an item."""
    COMMENTS.list(context, **COMMENTS.filters(context.options))


def create(context: Context) -> None:
    """Comment on an item."""
    if context.options.content is None and context.options.content_file is None:
        raise UsageError("the comment is missing: give --content TEXT or --content-file PATH", field="content")
    COMMENTS.create(context)


VERBS = (
    Verb(
        "list", "List the comments on an item, oldest first.", list_comments, COMMENTS.list_options(), places=PLACES[:1]
    ),
    Verb("get", "Show one comment.", COMMENTS.get, (ID,)),
    Verb("create", "Comment on an item.", create, COMMENTS.create_options(), places=PLACES),
    Verb("update", "Change one of your comments.", COMMENTS.update, COMMENTS.update_options()),
    Verb("delete", "Delete a comment; restore undoes this.", COMMENTS.delete, (ID, EXPECTED_VERSION)),
    Verb("restore", "Restore a deleted comment.", COMMENTS.restore, (ID,)),
)

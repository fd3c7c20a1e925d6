"""`pm comment`: what is said about a work item."""

from __future__ import annotations

from projects.client.errors import UsageError
from projects.client.grammar import Verb
from projects.client.resource import EXPECTED_VERSION, ID, EntityResource
from projects.entities import comment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

COMMENTS = EntityResource(comment.COMMENT)


def list_comments(context: Context) -> None:
    """List the comments of an item."""
    COMMENTS.list(context, **COMMENTS.filters(context.options))


def create(context: Context) -> None:
    """Comment on an item."""
    if context.options.content is None and context.options.content_file is None:
        raise UsageError("what is the comment? --content TEXT or --content-file PATH", field="content")
    COMMENTS.create(context)


VERBS = (
    Verb("list", "List the comments of an item, oldest first.", list_comments, COMMENTS.list_options()),
    Verb("get", "Show one comment.", COMMENTS.get, (ID,)),
    Verb("create", "Comment on an item.", create, COMMENTS.create_options()),
    Verb("update", "Change a comment of yours.", COMMENTS.update, COMMENTS.update_options()),
    Verb("delete", "Delete a comment; restore brings it back.", COMMENTS.delete, (ID, EXPECTED_VERSION)),
    Verb("restore", "Bring a deleted comment back.", COMMENTS.restore, (ID,)),
)

"""`pm comment`: what is said about a work item."""

from __future__ import annotations

from projects.client import texts
from projects.client.errors import UsageError
from projects.client.grammar import Verb
from projects.client.resource import DELETED, EXPECTED_VERSION, ID, LIST, WORK_ITEM, Resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

COMMENTS = Resource("comments", "comment", "comments")


def list_comments(context: Context) -> None:
    """List the comments of an item."""
    options = context.options
    COMMENTS.list(context, work_item=options.work_item, deleted="true" if options.deleted else None)


def create(context: Context) -> None:
    """Comment on an item."""
    content = texts.read(context.options, "content")
    if content is None:
        raise UsageError("what is the comment? --content TEXT or --content-file PATH", field="content")
    COMMENTS.create(context, work_item_id=context.options.work_item, content=content)


def update(context: Context) -> None:
    """Change a comment."""
    COMMENTS.update(context, {}, content=texts.read(context.options, "content"))


VERBS = (
    Verb("list", "List the comments of an item, oldest first.", list_comments, (WORK_ITEM, DELETED, *LIST)),
    Verb("get", "Show one comment.", COMMENTS.get, (ID,)),
    Verb("create", "Comment on an item.", create, (WORK_ITEM, *texts.options("content"))),
    Verb("update", "Change a comment of yours.", update, (ID, *texts.options("content"), EXPECTED_VERSION)),
    Verb("delete", "Delete a comment; restore brings it back.", COMMENTS.delete, (ID, EXPECTED_VERSION)),
    Verb("restore", "Bring a deleted comment back.", COMMENTS.restore, (ID,)),
)

"""`pm comment`: comments on work items, and the confirmation of decisions."""

from __future__ import annotations

from projects.client.commands.entity import verbs_of
from projects.client.grammar import Verb
from projects.client.resource import ID, EntityResource
from projects.entities import comment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

COMMENTS = EntityResource(comment.COMMENT)


def confirm(context: Context) -> None:
    """Confirm a decision, after a person at the terminal agrees."""
    from projects.client.consent import Person

    found = context.api.get(COMMENTS.path_of(context), wanted=("work_item", "created_by", "content"))
    with Person(f"pm comment confirm {context.options.id}") as person:
        person.agree(f"{found['work_item']}, decision by {found['created_by']}: {found['content']}\nConfirm it?")
    context.show({"comment": COMMENTS.act(context, "confirm")})


VERBS = (
    *verbs_of("comment"),
    Verb("confirm", "Confirm a decision; only a person can, at a terminal.", confirm, (ID,)),
)

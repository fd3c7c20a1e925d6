"""`pm question`: questions about work items."""

from __future__ import annotations

from projects.client.commands.entity import verbs_of
from projects.client.grammar import Verb
from projects.client.resource import ID, EntityResource
from projects.entities import question

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

QUESTIONS = EntityResource(question.QUESTION)


def withdraw(context: Context) -> None:
    context.show({"question": QUESTIONS.act(context, "withdraw")})


VERBS = (
    *verbs_of("question"),
    Verb("withdraw", "Close a question of your own without an answer.", withdraw, (ID,)),
)

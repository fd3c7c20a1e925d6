"""Unanswered questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projects.models.inbox.source import Act, Entry, Source
from projects.models.question import Question

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from projects.models.user import User

CHOICE = "choice-"


class Questions(Source[Question]):
    kind = "question"
    heading = "Question"
    settled_by = ("answer a question",)
    related = ("work_item__project", "created_by", "answered_by")

    def waiting(self) -> QuerySet[Question, Question]:
        return Question.objects.open()

    def entry(self, row: Question) -> Entry:
        choices = [Act(f"{CHOICE}{place}", text, str(place)) for place, text in enumerate(row.choices, 1)]
        default = [Act("accept", f"Take the default: {row.default}", "a")] if row.default else []
        return Entry(
            kind=self.kind,
            pk=str(row.pk),
            key=row.display_key,
            since=self.since(row),
            title=row.work_item.title,
            text=row.text,
            details=row.details,
            item=row.work_item,
            by=row.created_by,
            until=row.default_at,
            acts=(*choices, *default, Act("back", "Answer", "r", "Your answer")),
        )

    def act(self, row: Question, act: Act, text: str, *, actor: User) -> str:
        if act.name.startswith(CHOICE):
            row.answer_with(actor=actor, choice=int(act.name.removeprefix(CHOICE)))
        else:
            row.answer_with(actor=actor, text=row.default if act.name == "accept" else text)
        return f"{row.display_key} is answered: {row.answer}"

"""Decisions that no person on this clone has confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projects.models.comment import Comment
from projects.models.inbox.source import Act, Entry, Source
from projects.models.project import Status as ProjectStatus

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from projects.models.user import User

LONGEST = 200  # characters of the first line


class Decisions(Source[Comment]):
    kind = "decision"
    heading = "Decision"
    settled_by = ("confirm a decision", "decline a decision")
    related = ("work_item__project", "created_by")

    def waiting(self) -> QuerySet[Comment, Comment]:
        return Comment.objects.living().unconfirmed().filter(work_item__project__status=ProjectStatus.ACTIVE)

    def entry(self, row: Comment) -> Entry:
        first, _, more = row.content.strip().partition("\n")
        is_long = len(first) > LONGEST or bool(more.strip())
        return Entry(
            kind=self.kind,
            pk=str(row.pk),
            key=row.work_item.display_key,
            since=self.since(row),
            title=row.work_item.title,
            text=first if len(first) <= LONGEST else f"{first[: LONGEST - 1]}…",
            details=row.content if is_long else "",
            item=row.work_item,
            by=row.created_by,
            seen=str(row.version),
            acts=(
                Act("accept", "Confirm", "a"),
                Act("back", "Decline", "r", "Why it does not hold, or what holds instead"),
            ),
        )

    def act(self, row: Comment, act: Act, text: str, *, actor: User) -> str:
        if act.name == "accept":
            row.confirm(actor=actor)
            return "The decision is confirmed."
        row.decline(text, actor=actor)
        return "The decision is declined."

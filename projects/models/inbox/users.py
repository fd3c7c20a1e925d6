"""Users of earlier versions, and of other clones, whose kind no person has confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projects.models.inbox.source import Act, Entry, Source
from projects.models.user import AGENT, PERSON, User

if TYPE_CHECKING:
    from django.db.models import QuerySet


class Kinds(Source[User]):
    kind = "user"
    heading = "Person or agent?"
    settled_by = ("change the kind of a user",)
    order = "date_joined"

    def waiting(self) -> QuerySet[User, User]:
        return User.objects.filter(is_kind_confirmed=False)

    def entry(self, row: User) -> Entry:
        return Entry(
            kind=self.kind,
            pk=str(row.pk),
            key=row.username,
            since=row.date_joined,
            text=f"Is {row.username} a person? Shown as {'an' if row.is_agent else 'a'} {row.kind} until now",
            acts=(
                Act("accept", f"Yes, {'an' if row.is_agent else 'a'} {row.kind}", "a"),
                Act(PERSON, "A person", "1"),
                Act(AGENT, "An agent", "2"),
            ),
        )

    def act(self, row: User, act: Act, text: str, *, actor: User) -> str:
        kind = row.kind if act.name == "accept" else act.name
        row.confirm_kind(kind, actor=actor)
        return f"{row.username} is {'an' if row.is_agent else 'a'} {row.kind}."

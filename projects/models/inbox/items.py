"""Items that no agent is offered until a person does something."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db.models import Exists, OuterRef, Q

from projects.models.activity import IMPORTED, Activity
from projects.models.comment import Comment, Kind
from projects.models.inbox.source import Act, Entry, Source
from projects.models.project import Status as ProjectStatus
from projects.models.user import User
from projects.models.work_items.choices import Status
from projects.models.work_items.item import WorkItem
from projects.models.work_items.queries import WorkItemQuerySet
from projects.sqlite.expressions import IsOld, MayWait

if TYPE_CHECKING:
    from django.db.models import QuerySet


_changes = Activity.objects.filter(entity_id=OuterRef("pk"))
_IS_IMPORTED = Q(Exists(_changes.filter(source=IMPORTED)))
_IS_TOUCHED = Q(Exists(_changes.exclude(source=IMPORTED)))


class ItemSource(Source[WorkItem]):
    """A source whose rows are items, which it gives back so that agents are offered them again."""

    order = "updated_at"
    related = ("project", "assignee", "claimed_by", "updated_by")
    again: ClassVar[str] = "Put back in To do"

    def items(self) -> WorkItemQuerySet:
        return WorkItem.objects.living().filter(project__status=ProjectStatus.ACTIVE)

    def entry(self, row: WorkItem) -> Entry:
        return Entry(
            kind=self.kind,
            pk=str(row.pk),
            key=row.display_key,
            since=self.since(row),
            title=row.title,
            text=self.text(row),
            details=row.description,
            item=row,
            by=row.claimed_by or row.updated_by,
            acts=(
                Act("accept", self.again, "a"),
                Act("back", "Comment and put back", "r", "A comment for the next assignee"),
                Act("assign", "Assign", "m", "Assign to", "@me"),
            ),
        )

    def text(self, item: WorkItem) -> str:
        raise NotImplementedError

    def act(self, row: WorkItem, act: Act, text: str, *, actor: User) -> str:
        assignee = None if act.name != "assign" else actor if text == "@me" else User.objects.known(text)
        if act.name == "back":
            Comment(work_item=row, content=text, kind=Kind.HANDOVER).insert(actor=actor)
        self.give_back(row, actor=actor)
        if assignee is not None:
            row.update(actor=actor, assignee_id=assignee.pk)
            return f"{row.display_key} is assigned to {assignee.username}."
        return f"{row.display_key} is back in To do."

    def give_back(self, item: WorkItem, *, actor: User) -> None:
        """Let the item be ready, unless something else stands in the way."""
        if item.claimed_by_id is not None:
            item.release(actor=actor, force=True)
        if item.status in (Status.BLOCKED, Status.IN_PROGRESS):
            item.update(actor=actor, status=Status.TODO)
        item.note_progress(actor)


class Stuck(ItemSource):
    """Items of which several leases in a row ran out without progress."""

    kind = "stuck"
    heading = "Stuck"

    def waiting(self) -> QuerySet[WorkItem, WorkItem]:
        return self.items().stuck()

    def text(self, item: WorkItem) -> str:
        return f"{item.idle_leases} claims in a row expired without progress, so agents are no longer offered this item"


class Blocked(ItemSource):
    """Items whose status is blocked, and that wait for no other item."""

    kind = "blocked"
    heading = "Blocked"

    def waiting(self) -> QuerySet[WorkItem, WorkItem]:
        return self.items().unblocked().filter(MayWait("status"), status=Status.BLOCKED)

    def text(self, item: WorkItem) -> str:
        return "It is set to blocked, but no open item blocks it"


class Unheld(ItemSource):
    """Items in progress that nobody holds, and that no person is assigned to: no agent is offered them.

    Those that came with an import, and that nobody has touched since, are left out: there are often many at once, and
    the page shows their number.
    """

    kind = "unheld"
    heading = "Nobody is on it"

    def waiting(self) -> QuerySet[WorkItem, WorkItem]:
        return self._unheld().filter(_IS_TOUCHED | ~_IS_IMPORTED)

    def imported(self) -> int:
        """Return how many items an import brought in this state."""
        return self._unheld().filter(_IS_IMPORTED & ~_IS_TOUCHED).count()

    def _unheld(self) -> WorkItemQuerySet:
        nobody = Q(assignee__isnull=True) | Q(assignee__is_agent=True)
        found = self.items().filter(MayWait("status"), status=Status.IN_PROGRESS)
        return found.filter(nobody, IsOld("updated_at"), claimed_by__isnull=True)

    def text(self, item: WorkItem) -> str:
        return "It is in progress, but nobody has claimed it, and nothing has changed for a day"

    def give_back(self, item: WorkItem, *, actor: User) -> None:
        item.update(actor=actor, status=Status.TODO, assignee_id=None)  # the agent is gone

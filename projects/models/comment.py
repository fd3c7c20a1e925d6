"""Comments on work items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models, transaction

from projects.entities.comment import COMMENT
from projects.loose_types import FieldValue
from projects.models.exceptions import Conflict, NotYours
from projects.models.fields import TextField
from projects.models.pending_note import PendingNote
from projects.models.project import DELETED, LIVING
from projects.models.work_items.child import WorkItemChild, WorkItemChildQuerySet
from projects.models.work_items.item import WorkItem
from projects.sqlite.expressions import IsDecision

if TYPE_CHECKING:
    from projects.models.user import User

MAX_QUOTED = 200  # characters of a declined decision


class Kind(models.TextChoices):
    COMMENT = "comment"
    DECISION = "decision"
    HANDOVER = "handover"


class CommentQuerySet(WorkItemChildQuerySet["Comment"]):
    def decisions(self) -> Self:
        return self.filter(kind=Kind.DECISION)

    def unconfirmed(self) -> Self:
        """Limit to decisions that no person on this clone has confirmed."""
        return self.filter(IsDecision("kind"), confirmed_by__isnull=True)


class Comment(WorkItemChild):
    """A comment on a work item.

    Only its author or a superuser may edit or delete it. A handover waits to be read, by who begins the item next or by
    the session that it is for. A decision holds for the whole project. Written by an agent or
    on another clone, it is unconfirmed until a person confirms it. A confirmation stays in this clone, until
    the content changes: a trigger ends it.
    """

    spec = COMMENT
    for_session = ""  # the ID of the session that a handover is for; no column

    work_item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="comments")
    content = TextField(limit="PM_MAX_COMMENT_LENGTH", help_text="Markdown.")
    kind = models.CharField(
        max_length=8, choices=Kind.choices, default=Kind.COMMENT, db_default=Kind.COMMENT, help_text="What it is for."
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
        help_text="The person who confirmed a decision.",
    )

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        constraints = (
            models.CheckConstraint(condition=~models.Q(content=""), name="comment_not_blank"),
            models.CheckConstraint(condition=models.Q(kind__in=Kind.values), name="comment_kind_known"),
        )
        indexes = (
            models.Index(fields=("work_item", "created_at", "id"), condition=LIVING, name="comment_by_item"),
            models.Index(fields=("created_at", "id"), condition=LIVING, name="comment_by_creation"),
            models.Index(fields=("created_at", "id"), condition=DELETED, name="comment_deleted"),
            models.Index(
                fields=("created_at", "id"), condition=LIVING & models.Q(kind=Kind.DECISION), name="comment_decisions"
            ),
            models.Index(
                fields=("created_at", "id"),
                condition=LIVING & models.Q(IsDecision("kind"), confirmed_by__isnull=True),
                name="comment_unconfirmed",
            ),
        )

    def __str__(self) -> str:
        return str(self.content[:60])

    def check_owner(self, actor: User) -> None:
        if actor.pk != self.created_by_id and not actor.is_superuser:
            raise NotYours(f"only its author {self.created_by.username} or a superuser may change this comment")

    @property
    def is_unconfirmed(self) -> bool:
        """True for a decision that no person on this clone has confirmed."""
        return self.kind == Kind.DECISION and self.confirmed_by_id is None

    def insert(self, *, actor: User) -> None:
        if self.kind == Kind.DECISION and actor.acts_as_person:
            self.confirmed_by = actor
        super().insert(actor=actor)
        if self.kind == Kind.HANDOVER:
            PendingNote.objects.keep(self, actor=actor, session=self.for_session)
        self.work_item.note_progress(actor)

    def update(self, *, actor: User, expected_version: int | None = None, **values: FieldValue) -> bool:
        is_changed = super().update(actor=actor, expected_version=expected_version, **values)
        if is_changed and self.kind == Kind.DECISION:
            self.confirmed_by = None  # the trigger did the same
            if actor.acts_as_person:
                self.confirm(actor=actor)
        return is_changed

    def confirm(self, *, actor: User) -> None:
        """Record that a person agrees with this decision. Raises NotYours for agents, Conflict for other comments.

        The confirmation stays in this clone: it changes no version and is in no activity.
        """
        actor.check_person("confirm a decision")
        self.check_living()
        if self.kind != Kind.DECISION:
            raise Conflict(f"this is a {self.kind}; only a decision can be confirmed")
        self.work_item.project.check_writable()
        self.confirmed_by = actor
        Comment._base_manager.filter(pk=self.pk, version=self.version).update(confirmed_by=actor)

    def decline(self, reason: str, *, actor: User) -> None:
        """Delete this decision, and say why in a decision of the person, so that agents learn what holds instead.

        Raises NotYours as `confirm` and `soft_delete` do, Conflict for other comments.
        """
        actor.check_person("decline a decision")
        if self.kind != Kind.DECISION:
            raise Conflict(f"this is a {self.kind}; only a decision can be declined")
        with transaction.atomic():
            self.soft_delete(actor=actor)
            said = " ".join(self.content.split())
            said = said if len(said) <= MAX_QUOTED else f"{said[: MAX_QUOTED - 1]}…"
            content = f"{reason}\n\n> Declined: {said}"
            Comment(work_item=self.work_item, kind=Kind.DECISION, content=content).insert(actor=actor)

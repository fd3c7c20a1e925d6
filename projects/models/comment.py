"""Comments on work items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from projects.entities.comment import COMMENT
from projects.models.exceptions import NotYours
from projects.models.fields import TextField
from projects.models.project import DELETED, LIVING
from projects.models.work_items.child import WorkItemChild, WorkItemChildQuerySet
from projects.models.work_items.item import WorkItem

if TYPE_CHECKING:
    from projects.models.user import User


class Comment(WorkItemChild):
    """A comment on a work item.

    Only its author or a superuser may edit or delete it.
    """

    spec = COMMENT

    work_item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="comments")
    content = TextField(limit="PM_MAX_COMMENT_LENGTH", help_text="Markdown.")

    objects = WorkItemChildQuerySet["Comment"].as_manager()

    class Meta:
        ordering = ("created_at", "id")
        constraints = (models.CheckConstraint(condition=~models.Q(content=""), name="comment_not_blank"),)
        indexes = (
            models.Index(fields=("work_item", "created_at", "id"), condition=LIVING, name="comment_by_item"),
            models.Index(fields=("created_at", "id"), condition=LIVING, name="comment_by_creation"),
            models.Index(fields=("created_at", "id"), condition=DELETED, name="comment_deleted"),
        )

    def __str__(self) -> str:
        return str(self.content[:60])

    def insert(self, *, actor: User) -> None:
        super().insert(actor=actor)
        self.work_item.note_progress(actor)

    def check_owner(self, actor: User) -> None:
        if actor.pk != self.created_by_id and not actor.is_superuser:
            raise NotYours(f"only its author {self.created_by.username} or a superuser may change this comment")

"""A comment on a work item."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from django.db import models

from projects.models.base import Entity, EntityQuerySet
from projects.models.exceptions import NotYours
from projects.models.fields import TextField
from projects.models.planner import Unindexed
from projects.models.project import DELETED, LIVING
from projects.models.work_item import WorkItem

if TYPE_CHECKING:
    from projects.models.user import User


class CommentQuerySet(EntityQuerySet["Comment"]):
    def living(self) -> Self:
        return self.filter(
            deleted_at__isnull=True,
            work_item__deleted_at__isnull=True,
            work_item__project__deleted_at__isnull=True,
        )

    def in_project(self, project_id: uuid.UUID) -> Self:
        return self.alias(of_project=Unindexed("work_item__project_id")).filter(of_project=project_id)

    def identified_by(self, identifier: str) -> Self:
        """Narrow to the comment of this id."""
        try:
            return self.filter(pk=uuid.UUID(identifier))
        except ValueError:
            return self.none()


class Comment(Entity):
    """Only its author or a superuser edits or deletes it."""

    entity_type = "comment"
    tracked = ("content",)
    immutable = ("work_item_id",)

    work_item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="comments")
    content = TextField(limit="PM_MAX_COMMENT_LENGTH", help_text="Markdown.")

    objects = CommentQuerySet.as_manager()

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

    @property
    def display_key(self) -> str:
        return self.work_item.display_key

    @property
    def project_id(self) -> uuid.UUID:
        return self.work_item.project_id

    def check_insert(self) -> None:
        self.work_item.check_living()
        self.work_item.project.check_living()
        self.work_item.project.check_writable()

    def check_update(self, values: Mapping[str, Any]) -> dict[str, Any]:
        changed = super().check_update(values)
        if changed:
            self.work_item.project.check_writable()
        return changed

    def check_delete(self) -> None:
        self.work_item.project.check_writable()

    def update(self, *, actor: User, expected_version: int | None = None, **values: Any) -> bool:
        self._check_author(actor)
        return super().update(actor=actor, expected_version=expected_version, **values)

    def soft_delete(self, *, actor: User, expected_version: int | None = None) -> None:
        self._check_author(actor)
        super().soft_delete(actor=actor, expected_version=expected_version)

    def restore(self, *, actor: User) -> None:
        self._check_author(actor)
        self.work_item.check_living()
        self.work_item.project.check_writable()
        super().restore(actor=actor)

    def _check_author(self, actor: User) -> None:
        if actor.pk != self.created_by_id and not actor.is_superuser:
            raise NotYours(f"only {self.created_by.username}, who wrote it, or a superuser may change this comment")

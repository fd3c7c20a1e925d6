from __future__ import annotations

import uuid
from typing import Any

from rest_framework import serializers

from projects.api.rows import key_of
from projects.api.serializers.base import (
    LINE,
    STAMPS,
    DeletionSerializer,
    EntitySerializer,
    StrictBooleanField,
    StrictCharField,
    StrictIntegerField,
)
from projects.api.serializers.references import ReferenceField, ReferencesMixin
from projects.models import Project, Sprint, User, WorkItem
from projects.models.fields import MAX_LABEL_LENGTH, MAX_LABELS
from projects.models.work_item import MAX_POINTS


class UserNameField(StrictCharField):
    """A user, by name; an unknown name becomes a user. The value is the id."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(pattern=LINE, **kwargs)  # the length is checked where the user is made

    def get_attribute(self, instance: Any) -> str | None:
        return instance.assignee.username if instance.assignee_id else None

    def to_internal_value(self, data: Any) -> uuid.UUID:  # type: ignore[override]
        return User.objects.actor(super().to_internal_value(data)).pk


class UserIdField(serializers.UUIDField):
    """A user who exists, by id."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        pk: uuid.UUID = super().to_internal_value(data)
        if not User.objects.filter(pk=pk).exists():
            raise serializers.ValidationError(f"there is no user {pk}")
        return pk


class WorkItemSerializer(ReferencesMixin, EntitySerializer):
    """A work item."""

    of_changes = (*EntitySerializer.of_changes, "force")
    references = ("project",)
    optional_references = ("parent", "sprint", "assignee")
    loads = {
        "display_key": ("item_number", "project__key"),
        "parent": ("parent__item_number", "project__key"),
        "assignee": ("assignee__username",),
    }
    makes = {"display_key": key_of, "parent": key_of}

    display_key = serializers.CharField(read_only=True)
    project_id = ReferenceField(Project, shows="project_id", required=False, help_text="The project's id or key.")
    project = ReferenceField(
        Project, source="project_id", required=False, write_only=True, help_text="The project's key or id."
    )
    parent_id = ReferenceField(
        WorkItem, shows="parent_id", required=False, allow_null=True, help_text="The parent's id or display key."
    )
    parent = ReferenceField(  # type: ignore[assignment]
        WorkItem,
        shows="parent_key",
        source="parent_id",
        required=False,
        allow_null=True,
        help_text="The parent's display key or id.",
    )
    sprint_id = ReferenceField(Sprint, shows="sprint_id", required=False, allow_null=True, help_text="The sprint's id.")
    sprint = ReferenceField(
        Sprint, source="sprint_id", required=False, allow_null=True, write_only=True, help_text="The sprint's id."
    )
    assignee_id = UserIdField(required=False, allow_null=True, help_text="A user's id.")
    assignee = UserNameField(source="assignee_id", required=False, allow_null=True, help_text="A user's name.")
    claimed_by = serializers.CharField(
        source="claimed_by.username", read_only=True, allow_null=True, help_text="A user's name."
    )
    labels = serializers.ListField(
        child=StrictCharField(max_length=MAX_LABEL_LENGTH, allow_blank=True), max_length=MAX_LABELS, required=False
    )
    story_points = StrictIntegerField(min_value=0, max_value=MAX_POINTS, required=False, allow_null=True)
    force = StrictBooleanField(
        write_only=True, required=False, help_text="Done, whatever is open below it or blocks it."
    )

    class Meta:
        model = WorkItem
        fields: tuple[str, ...] = (
            *("id", "display_key", "project_id", "project", "item_number", "item_type", "title", "description"),
            *("status", "priority", "parent_id", "parent", "sprint_id", "sprint", "assignee_id", "assignee"),
            *("claimed_by", "lease_expires_at", "labels", "story_points", "position", "started_at", "completed_at"),
            *(*STAMPS, "expected_version", "force"),
        )
        read_only_fields = (
            *("id", "item_number", "lease_expires_at", "position", "started_at", "completed_at", *STAMPS),
        )
        validators = ()  # the model's rules are all there is


class WorkItemRowSerializer(WorkItemSerializer):
    """A row of a list of work items."""

    all_optional = True


class WorkItemDeletionSerializer(DeletionSerializer):
    """The body that a work item's DELETE may have."""

    recursive = StrictBooleanField(required=False)

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.api.serializers.base import STAMPS, EntitySerializer, StrictIntegerField, StrictMixin
from projects.api.serializers.references import ReferenceField, ReferencesMixin
from projects.models import Project, Sprint


class SprintSerializer(ReferencesMixin, EntitySerializer):
    """A sprint."""

    references = ("project",)
    loads = {"project": ("project__key",)}

    project_id = ReferenceField(Project, shows="project_id", required=False, help_text="The project's id or key.")
    project = ReferenceField(
        Project, shows="project.key", source="project_id", required=False, help_text="The project's key or id."
    )

    class Meta:
        model = Sprint
        fields = (
            "id",
            "project_id",
            "project",
            "name",
            "goal",
            "start_date",
            "end_date",
            "status",
            "started_at",
            "completed_at",
            *STAMPS,
            "expected_version",
        )
        read_only_fields = ("id", "status", "started_at", "completed_at", *STAMPS)


class SprintRowSerializer(SprintSerializer):
    """A row of a list of sprints."""

    all_optional = True


class StartSerializer(StrictMixin, serializers.Serializer[Any]):
    """The body that starting, cancelling or reopening a sprint may have."""

    expected_version = StrictIntegerField(required=False, min_value=1)


class CompletionSerializer(StartSerializer):
    """The body that completing a sprint may have."""

    move_to = ReferenceField(
        Sprint, required=False, allow_null=True, help_text="The id of the sprint that what is unfinished goes to."
    )


class EndedSprintSerializer(serializers.Serializer[Any]):
    """A sprint that was completed, cancelled or reopened."""

    sprint = SprintSerializer()
    moved = serializers.ListField(
        child=serializers.CharField(),
        help_text="Display keys of the unfinished items that left it, or that came back when it was reopened.",
    )

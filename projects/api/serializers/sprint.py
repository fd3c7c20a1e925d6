from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.api.serializers.base import EntitySerializer, StrictMixin
from projects.api.serializers.fields import ReferenceField, StrictIntegerField
from projects.models import Sprint


class SprintSerializer(EntitySerializer):
    """A sprint."""

    class Meta(EntitySerializer.Meta):
        model = Sprint


class SprintRowSerializer(SprintSerializer):
    """A row of a list of sprints."""

    all_optional = True


class StartSerializer(StrictMixin, serializers.Serializer[Any]):
    """The optional body of a request that starts, cancels or reopens a sprint."""

    expected_version = StrictIntegerField(required=False, min_value=1)


class CompletionSerializer(StartSerializer):
    """The optional body of a request that completes a sprint."""

    move_to = ReferenceField(
        Sprint, required=False, allow_null=True, help_text="The id of the sprint that takes the unfinished items."
    )


class EndedSprintSerializer(serializers.Serializer[Any]):
    """A sprint that was completed, cancelled or reopened."""

    sprint = SprintSerializer()
    moved = serializers.ListField(
        child=serializers.CharField(),
        help_text="Display keys of the unfinished items that left it, or that came back when it was reopened.",
    )

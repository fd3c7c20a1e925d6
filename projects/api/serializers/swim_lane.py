from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.api.serializers.base import EntitySerializer, StrictMixin
from projects.api.serializers.fields import ReferenceField
from projects.api.serializers.references import ReferencesMixin
from projects.models import Project, SwimLane
from projects.models.swim_lane import MAX_WIP_LIMIT

MAX_POSITION = 1_000_000


class SwimLaneSerializer(EntitySerializer):
    """A swim lane: a column of the board."""

    class Meta(EntitySerializer.Meta):
        model = SwimLane
        extra_kwargs = {
            "position": {"max_value": MAX_POSITION, "help_text": "Default: after the last one."},
            "wip_limit": {"min_value": 1, "max_value": MAX_WIP_LIMIT, "help_text": "null: no limit."},
        }

    def create(self, validated_data: dict[str, Any]) -> Any:
        last = SwimLane.objects.next_position(validated_data["project_id"])
        return super().create({"position": last, **validated_data})


class SwimLaneRowSerializer(SwimLaneSerializer):
    """A row of a list of swim lanes."""

    all_optional = True


class ReorderSerializer(ReferencesMixin, StrictMixin, serializers.Serializer[Any]):
    """All lanes of a project, in their new order."""

    references = ("project",)

    project = ReferenceField(Project, required=False, source="project_id", help_text="The project's key or id.")
    project_id = ReferenceField(Project, required=False, help_text="The project's id or key.")
    order = serializers.ListField(child=serializers.UUIDField(), max_length=100, help_text="Ids of lanes.")


class ReorderedSerializer(serializers.Serializer[Any]):
    """The lanes of a project, in order."""

    results = SwimLaneRowSerializer(many=True)

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.api.serializers.base import STAMPS, EntitySerializer, StrictIntegerField, StrictMixin
from projects.api.serializers.references import ReferenceField, ReferencesMixin
from projects.models import Project, SwimLane
from projects.models.swim_lane import MAX_WIP_LIMIT

MAX_POSITION = 1_000_000


class SwimLaneSerializer(ReferencesMixin, EntitySerializer):
    """A swim lane: a column of the board."""

    references = ("project",)

    project_id = ReferenceField(Project, shows="project_id", required=False, help_text="The project's id or key.")
    project = ReferenceField(
        Project, source="project_id", required=False, write_only=True, help_text="The project's key or id."
    )
    position = StrictIntegerField(
        min_value=0, max_value=MAX_POSITION, required=False, help_text="Default: after the last one."
    )
    wip_limit = StrictIntegerField(
        min_value=1, max_value=MAX_WIP_LIMIT, required=False, allow_null=True, help_text="null: no limit."
    )

    class Meta:
        model = SwimLane
        fields = (
            *("id", "project_id", "project", "name", "status_value", "position", "wip_limit"),
            *(*STAMPS, "expected_version"),
        )
        read_only_fields = ("id", *STAMPS)
        validators = ()  # the model's rules are all there is

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
    """The lanes of a project in their order."""

    results = SwimLaneRowSerializer(many=True)

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.models.work_item import ItemType, Priority, Status


class StatusCountsSerializer(serializers.Serializer[Any]):
    """Items by status."""

    def get_fields(self) -> dict[str, Any]:
        return {name: serializers.IntegerField() for name in Status.values}


class TypeCountsSerializer(serializers.Serializer[Any]):
    """Items by type."""

    def get_fields(self) -> dict[str, Any]:
        return {name: serializers.IntegerField() for name in ItemType.values}


class PriorityCountsSerializer(serializers.Serializer[Any]):
    """Items by priority."""

    def get_fields(self) -> dict[str, Any]:
        return {name: serializers.IntegerField() for name in Priority.values}


class PointsSerializer(serializers.Serializer[Any]):
    """Story points."""

    done = serializers.IntegerField()
    open = serializers.IntegerField()


class SprintVelocitySerializer(serializers.Serializer[Any]):
    """What a completed sprint got done."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    end_date = serializers.DateField()
    points = serializers.IntegerField()
    items = serializers.IntegerField()


class VelocitySerializer(serializers.Serializer[Any]):
    """What the completed sprints got done, oldest first."""

    sprints = SprintVelocitySerializer(many=True)
    average = serializers.FloatField(allow_null=True, help_text="Points of a sprint; null where none is completed.")


class ProjectStatsSerializer(serializers.Serializer[Any]):
    """How a project stands."""

    project = serializers.CharField()
    items = serializers.IntegerField()
    by_status = StatusCountsSerializer()
    by_type = TypeCountsSerializer()
    by_priority = PriorityCountsSerializer()
    points = PointsSerializer()
    blocked = serializers.IntegerField(help_text="Unfinished items with an unfinished blocker.")
    velocity = VelocitySerializer()

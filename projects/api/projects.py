"""Projects and their figures."""

from __future__ import annotations

import django_filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.filters import MAX_SEARCH_LENGTH, EntityFilterSet
from projects.api.serializer_fields import StrictCharField
from projects.api.serializers import EntitySerializer, ResponseSerializer
from projects.api.viewsets import EntityViewSet
from projects.models import Project
from projects.models.base import Values
from projects.models.project import ProjectQuerySet
from projects.models.project_stats import stats
from projects.models.work_items.choices import ItemType, Priority, Status

KEY = r"^[A-Za-z][A-Za-z0-9_]{1,19}$"


class ProjectSerializer(EntitySerializer):
    """A project."""

    # Declared without a validator: the model checks that a key is unique among living projects. A duplicate is a
    # conflict, not a wrong value.
    key = StrictCharField(
        max_length=20,
        pattern=KEY,
        required=False,
        help_text=(
            "2 to 20 of A-Z, 0-9 and _, starting with a letter; upper-cased, immutable. By default a free one that "
            "the title suggests."
        ),
    )

    class Meta(EntitySerializer.Meta):
        model = Project

    def create(self, validated_data: Values) -> Project:
        key = validated_data.get("key") or Project.objects.free_key(validated_data["title"])
        created: Project = super().create({**validated_data, "key": key})
        return created


class StatusCountsSerializer(ResponseSerializer):
    """Items by status."""

    def get_fields(self) -> Values:
        return {name: serializers.IntegerField() for name in Status.values}


class TypeCountsSerializer(ResponseSerializer):
    """Items by type."""

    def get_fields(self) -> Values:
        return {name: serializers.IntegerField() for name in ItemType.values}


class PriorityCountsSerializer(ResponseSerializer):
    """Items by priority."""

    def get_fields(self) -> Values:
        return {name: serializers.IntegerField() for name in Priority.values}


class PointsSerializer(ResponseSerializer):
    """Story points."""

    done = serializers.IntegerField()
    open = serializers.IntegerField()


class SprintVelocitySerializer(ResponseSerializer):
    """The work done in a completed sprint."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    end_date = serializers.DateField()
    points = serializers.IntegerField()
    items = serializers.IntegerField()


class VelocitySerializer(ResponseSerializer):
    """The work done in the completed sprints, oldest first."""

    sprints = SprintVelocitySerializer(many=True)
    average = serializers.FloatField(allow_null=True, help_text="Points per sprint; null if no sprint is completed.")


class ProjectStatsSerializer(ResponseSerializer):
    """The figures of a project."""

    project = serializers.CharField()
    items = serializers.IntegerField()
    by_status = StatusCountsSerializer()
    by_type = TypeCountsSerializer()
    by_priority = PriorityCountsSerializer()
    points = PointsSerializer()
    blocked = serializers.IntegerField(help_text="Unfinished items with an unfinished blocker.")
    velocity = VelocitySerializer()


class ProjectFilter(EntityFilterSet):
    search = django_filters.CharFilter(
        method="contain", max_length=MAX_SEARCH_LENGTH, help_text="Text in the key, title or description."
    )

    class Meta:
        model = Project

    @extend_schema_field(OpenApiTypes.STR)
    def contain(self, queryset: ProjectQuerySet, name: str, value: str) -> ProjectQuerySet:
        return queryset.containing(value)


class ProjectViewSet(EntityViewSet):
    queryset = Project.objects.all()
    serializer_class = ProjectSerializer
    filterset_class = ProjectFilter
    restore_description = "Undo the deletion; it is a conflict if another project has taken the key."

    @extend_schema(responses=ProjectStatsSerializer)
    @action(detail=True, methods=["get"])
    def stats(self, request: Request, id: str) -> Response:
        """The figures of the project."""
        return Response(ProjectStatsSerializer(stats(self.get_object())).data)

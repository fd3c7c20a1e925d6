"""The history of all entities."""

from __future__ import annotations

import uuid
from datetime import datetime

import django_filters
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from projects.api.filters import ListFilterSet, PersonFilter, SinceFilter
from projects.api.serializers import PickSerializer, ResponseSerializer
from projects.api.viewsets import ListMixin
from projects.models import Activity, Project


class ChangeSerializer(ResponseSerializer):
    field = serializers.CharField()
    old = serializers.JSONField(allow_null=True)
    new = serializers.JSONField(allow_null=True)
    lost = serializers.BooleanField(
        required=False, help_text="This field does not count: a change by another clone won."
    )


@extend_schema_field(ChangeSerializer(many=True))
class ChangesField(serializers.JSONField):
    """The changes as stored."""


class ActivitySerializer(PickSerializer, serializers.ModelSerializer[Activity]):
    """One change of one entity."""

    actor = serializers.CharField(source="actor.username", read_only=True, help_text="A user's name.")
    changes = ChangesField(read_only=True)

    class Meta:
        model = Activity
        fields = (
            "id",
            "entity_type",
            "entity_id",
            "display_key",
            "project_id",
            "version",
            "action",
            "changes",
            "actor",
            "source",
            "session",
            "is_forced",
            "via",
            "created_at",
            "standing",
            "reason",
        )


class ActivityRowSerializer(ActivitySerializer):
    """A row of the list of activity."""

    all_optional = True


class ActivityFilter(ListFilterSet):
    project = django_filters.CharFilter(method="in_project", max_length=100, help_text="A project's id or key.")
    actor = PersonFilter(field_name="actor_id")
    entity = django_filters.UUIDFilter(field_name="entity_id", help_text="The id of the changed entity.")
    since = SinceFilter(method="later", help_text="After this id, or at this time (ISO 8601) and later.")

    class Meta:
        model = Activity
        fields = ()

    @extend_schema_field(OpenApiTypes.STR)
    def in_project(self, queryset: QuerySet[Activity], name: str, value: str) -> QuerySet[Activity]:
        try:
            return queryset.filter(project_id=uuid.UUID(value))
        except ValueError:
            # Look the project up first: for a known project SQLite reads its index in the order of the list.
            self.is_lasting = False
            named = list(Project.objects.identified_by(value).values_list("pk", flat=True))
            return queryset.filter(project_id=named[0]) if len(named) == 1 else queryset.filter(project_id__in=named)

    @extend_schema_field(OpenApiTypes.STR)
    def later(self, queryset: QuerySet[Activity], name: str, value: int | datetime) -> QuerySet[Activity]:
        if isinstance(value, datetime):
            return queryset.filter(created_at__gte=value)
        return queryset.filter(pk__gt=value)


class ActivityViewSet(ListMixin):
    """The history, oldest first."""

    http_method_names = ["get", "head"]
    queryset = Activity.objects.all()
    serializer_class = ActivitySerializer
    row_serializer_class = ActivityRowSerializer
    filterset_class = ActivityFilter
    slim = ("id", "entity_type", "display_key", "action", "actor", "created_at")
    ordering = "id"
    ordering_fields = ("id",)

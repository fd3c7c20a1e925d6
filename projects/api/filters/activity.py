from __future__ import annotations

import uuid
from datetime import datetime

import django_filters
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from projects.api.filters.base import SinceFilter
from projects.api.filters.references import ListFilterSet
from projects.models import Activity, Project


class ActivityFilter(ListFilterSet):
    project = django_filters.CharFilter(method="in_project", max_length=100, help_text="A project's id or key.")
    actor = django_filters.CharFilter(field_name="actor__username", max_length=150, help_text="A user's name.")
    entity = django_filters.UUIDFilter(field_name="entity_id", help_text="The id of what was changed.")
    since = SinceFilter(method="later", help_text="After this id, or at this time (ISO 8601) and later.")

    class Meta:
        model = Activity
        fields = ()

    @extend_schema_field(OpenApiTypes.STR)
    def in_project(self, queryset: QuerySet[Activity], name: str, value: str) -> QuerySet[Activity]:
        try:
            return queryset.filter(project_id=uuid.UUID(value))
        except ValueError:
            # Asked beforehand: of one project the list goes along its index, in its order.
            self.is_lasting = False
            named = list(Project.objects.identified_by(value).values_list("pk", flat=True))
            return queryset.filter(project_id=named[0]) if len(named) == 1 else queryset.filter(project_id__in=named)

    @extend_schema_field(OpenApiTypes.STR)
    def later(self, queryset: QuerySet[Activity], name: str, value: int | datetime) -> QuerySet[Activity]:
        if isinstance(value, datetime):
            return queryset.filter(created_at__gte=value)
        return queryset.filter(pk__gt=value)

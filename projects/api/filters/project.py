from __future__ import annotations

import django_filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from projects.api.filters.base import MAX_SEARCH_LENGTH
from projects.api.filters.derived import EntityFilterSet
from projects.models import Project
from projects.models.project import ProjectQuerySet


class ProjectFilter(EntityFilterSet):
    search = django_filters.CharFilter(
        method="contain", max_length=MAX_SEARCH_LENGTH, help_text="Text in the key, title or description."
    )

    class Meta:
        model = Project

    @extend_schema_field(OpenApiTypes.STR)
    def contain(self, queryset: ProjectQuerySet, name: str, value: str) -> ProjectQuerySet:
        return queryset.containing(value)

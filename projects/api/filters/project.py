from __future__ import annotations

import django_filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from projects.api.filters.base import MAX_SEARCH_LENGTH, DeletedFilter
from projects.api.filters.references import ListFilterSet
from projects.models import Project
from projects.models.project import ProjectQuerySet, Status


class ProjectFilter(ListFilterSet):
    status = django_filters.ChoiceFilter(choices=Status.choices)
    search = django_filters.CharFilter(
        method="contain", max_length=MAX_SEARCH_LENGTH, help_text="Text in the key, title or description."
    )
    deleted = DeletedFilter(help_text="`true` lists what was deleted and can be restored.")

    class Meta:
        model = Project
        fields = ()

    @extend_schema_field(OpenApiTypes.STR)
    def contain(self, queryset: ProjectQuerySet, name: str, value: str) -> ProjectQuerySet:
        return queryset.containing(value)

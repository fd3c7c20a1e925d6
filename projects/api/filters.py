"""What lists can be narrowed by, one FilterSet a list; a wrong value is an error, never ignored."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from projects.models import Activity, Project
from projects.models.project import ProjectQuerySet, Status

MAX_SEARCH_LENGTH = 1000
TRUTH = (("true", "true"), ("false", "false"))


class SinceField(forms.CharField):
    """An id of an activity, or a time in ISO 8601; one without an offset is UTC."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        if text.isascii() and text.isdigit():
            return int(text[:19])
        try:
            # A plus sign in a query string is a blank.
            time = parse_datetime(text.replace(" ", "+") if text.count(":") > 2 else text)
            if time is not None:
                return time.replace(tzinfo=UTC) if is_naive(time) else time.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise ValidationError("must be the id of an activity or a time, as 2026-01-31T12:00:00Z", code="invalid")


class SinceFilter(django_filters.Filter):  # type: ignore[misc]
    field_class = SinceField


@extend_schema_field({"type": "string", "enum": ["true", "false"], "default": "false"})
class DeletedFilter(django_filters.ChoiceFilter):  # type: ignore[misc]
    """Show what was deleted and can be restored, in place of the living."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=TRUTH, empty_label=None, **kwargs)

    def filter(self, qs: Any, value: str) -> Any:
        return qs.deleted() if value == "true" else qs.living()


class ProjectFilter(django_filters.FilterSet):  # type: ignore[misc]
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


class ActivityFilter(django_filters.FilterSet):  # type: ignore[misc]
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
            return queryset.filter(project_id__in=Project.objects.identified_by(value).values("pk"))

    @extend_schema_field(OpenApiTypes.STR)
    def later(self, queryset: QuerySet[Activity], name: str, value: int | datetime) -> QuerySet[Activity]:
        if isinstance(value, datetime):
            return queryset.filter(created_at__gte=value)
        return queryset.filter(pk__gt=value)

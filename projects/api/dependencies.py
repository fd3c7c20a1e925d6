"""Dependencies between work items."""

from __future__ import annotations

from rest_framework import serializers

from projects.api.filters import EntityFilterSet, RelativesFilter
from projects.api.serializers import EntitySerializer
from projects.api.viewsets import EntityViewSet
from projects.models import Dependency, WorkItem


class DependencySerializer(EntitySerializer):
    """A dependency: one item blocks another or is related to it. It never changes."""

    places = {"project_id": "id"}
    loads = {"project_id": ("blocking_item__project_id",)}

    project_id = serializers.UUIDField(read_only=True)

    class Meta(EntitySerializer.Meta):
        model = Dependency


class DependencyFilter(EntityFilterSet):
    work_item = RelativesFilter(
        WorkItem, field_name="of", help_text="An item's id or display key: what it blocks, and what blocks it."
    )

    class Meta:
        model = Dependency


class DependencyViewSet(EntityViewSet):
    queryset = Dependency.objects.all()
    serializer_class = DependencySerializer
    filterset_class = DependencyFilter
    restore_description = "Undo the deletion; it is refused if it would create a cycle."

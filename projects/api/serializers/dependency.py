from __future__ import annotations

from rest_framework import serializers

from projects.api.serializers.base import EntitySerializer
from projects.models import Dependency


class DependencySerializer(EntitySerializer):
    """A dependency: one item blocks another or is related to it. It never changes."""

    places = {"project_id": "id"}
    loads = {"project_id": ("blocking_item__project_id",)}

    project_id = serializers.UUIDField(read_only=True)

    class Meta(EntitySerializer.Meta):
        model = Dependency


class DependencyRowSerializer(DependencySerializer):
    """A row of a list of dependencies."""

    all_optional = True

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from projects.api.serializers.base import PickMixin
from projects.models import Activity


class ChangeSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    old = serializers.JSONField(allow_null=True)
    new = serializers.JSONField(allow_null=True)


@extend_schema_field(ChangeSerializer(many=True))
class ChangesField(serializers.JSONField):
    """The changes as they are stored."""


class ActivitySerializer(PickMixin, serializers.ModelSerializer[Activity]):
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
            "created_at",
        )


class ActivityRowSerializer(ActivitySerializer):
    """A row of the list of activity."""

    all_optional = True

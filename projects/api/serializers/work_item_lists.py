from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from projects.api.serializers.base import StrictMixin
from projects.api.serializers.work_item import WorkItemRowSerializer

MAX_UPDATES = 1000


class ReadySerializer(serializers.Serializer[Any]):
    """What can be begun, the most urgent first."""

    results = WorkItemRowSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


@extend_schema_field({"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}})
class UpdateField(serializers.DictField):
    """An item's id or display key, and the fields of its update."""


class BulkUpdateSerializer(StrictMixin, serializers.Serializer[Any]):
    """Updates of many items, all or none."""

    updates = serializers.ListField(child=UpdateField(), min_length=1, max_length=MAX_UPDATES)


class BulkUpdatedSerializer(serializers.Serializer[Any]):
    """What a bulk update did."""

    updated = serializers.IntegerField(help_text="How many items changed.")
    work_items = WorkItemRowSerializer(many=True)

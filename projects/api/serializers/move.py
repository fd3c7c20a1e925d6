from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.api.serializers.base import StrictMixin
from projects.api.serializers.fields import ReferenceField, StrictIntegerField
from projects.models import WorkItem


class MoveSerializer(StrictMixin, serializers.Serializer[Any]):
    """Where to: right before or right after another item of the project."""

    before = ReferenceField(WorkItem, required=False, help_text="An item's id or display key.")
    after = ReferenceField(WorkItem, required=False, help_text="An item's id or display key.")
    expected_version = StrictIntegerField(required=False, min_value=1)

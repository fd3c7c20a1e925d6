from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.api.serializers.activity import ActivitySerializer


class ChangesSerializer(serializers.Serializer[Any]):
    """What changed, and where to go on."""

    changes = ActivitySerializer(many=True)
    next = serializers.IntegerField()

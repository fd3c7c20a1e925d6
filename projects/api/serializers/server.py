from __future__ import annotations

from typing import Any

from rest_framework import serializers


class ServerSerializer(serializers.Serializer[Any]):
    """The running server, as it published itself."""

    pid = serializers.IntegerField()
    port = serializers.IntegerField()
    host = serializers.CharField()
    url = serializers.CharField()
    started_at = serializers.CharField()
    version = serializers.CharField()
    instance_id = serializers.CharField()
    root = serializers.CharField(allow_null=True)  # type: ignore[assignment]


class LoginLinkSerializer(serializers.Serializer[Any]):
    """A link that signs a person in, once."""

    url = serializers.CharField(help_text="A path on this server.")
    expires_at = serializers.DateTimeField()

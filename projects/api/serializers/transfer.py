from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.transfer.reading import COLLECTIONS
from projects.transfer.tables import SCHEMA_VERSION, TABLES


class RowField(serializers.DictField):
    """A row of a collection; `GET /api/v1/export/` shows its keys, and others are ignored."""


class ExportSerializer(serializers.Serializer[Any]):
    """A board as a file. Other keys are ignored."""

    schema_version = serializers.ChoiceField(choices=(SCHEMA_VERSION,))

    def get_fields(self) -> dict[str, Any]:
        rows = {name: serializers.ListField(child=RowField(), required=False) for name in COLLECTIONS}
        return super().get_fields() | rows


class CountsSerializer(serializers.Serializer[Any]):
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    skipped = serializers.IntegerField()
    deleted = serializers.IntegerField()


class RenumberedSerializer(serializers.Serializer[Any]):
    """An item whose number was another's."""

    id = serializers.UUIDField()
    to = serializers.CharField(help_text="Its display key now.")

    def get_fields(self) -> dict[str, Any]:
        return super().get_fields() | {"from": serializers.CharField(help_text="Its display key in the file.")}


class DetachedSerializer(serializers.Serializer[Any]):
    """An item that lost its parent or its sprint, which is deleted."""

    id = serializers.UUIDField()
    field = serializers.CharField()
    was = serializers.UUIDField()


class SkippedRowSerializer(serializers.Serializer[Any]):
    """A row that was not created, and why."""

    collection = serializers.CharField()
    row = serializers.IntegerField(help_text="Its place in the collection's list, from 0.")
    id = serializers.UUIDField()
    field = serializers.CharField()
    reason = serializers.CharField()


class ImportAnswerSerializer(serializers.Serializer[Any]):
    """What an import did."""

    renumbered = RenumberedSerializer(many=True)
    detached = DetachedSerializer(many=True)
    skipped_rows = SkippedRowSerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        counts = {table.collection: CountsSerializer() for table in TABLES}
        return {**counts, "users": CountsSerializer(), **super().get_fields()}

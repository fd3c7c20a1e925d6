from __future__ import annotations

from typing import Any

from rest_framework import serializers

TYPES = ("work_item", "comment", "project")


class HitSerializer(serializers.Serializer[Any]):
    """Something that was found; a comment's key, title and status are its item's."""

    type = serializers.ChoiceField(choices=TYPES)
    id = serializers.UUIDField()
    display_key = serializers.CharField()
    title = serializers.CharField()
    status = serializers.CharField()
    snippet = serializers.CharField(help_text="Plain text around what matches.")
    highlights = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2),
        help_text="What matches in the snippet, as [first character, after the last].",
    )


class SearchSerializer(serializers.Serializer[Any]):
    """A page of what was found, best first."""

    results = HitSerializer(many=True)
    total = serializers.IntegerField(help_text="Results of all pages.")
    next = serializers.URLField(allow_null=True, help_text="The next page.")

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.api.serializers.activity import ActivityRowSerializer
from projects.api.serializers.comment import CommentRowSerializer
from projects.api.serializers.time_entry import TimeEntryRowSerializer
from projects.api.serializers.work_item import WorkItemRowSerializer, WorkItemSerializer


class RelatedItemSerializer(serializers.Serializer[Any]):
    """The item at the other end of a dependency."""

    dependency_id = serializers.UUIDField()
    display_key = serializers.CharField()
    item_type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.CharField()
    priority = serializers.CharField()


class WorkItemPageSerializer(WorkItemSerializer):
    """A work item with everything around it."""

    all_optional = True  # the shortest form lacks some of it

    ancestors = WorkItemRowSerializer(many=True, help_text="The outermost first.")
    children = WorkItemRowSerializer(many=True)
    blocking = RelatedItemSerializer(many=True, help_text="What waits for this item.")
    blocked_by = RelatedItemSerializer(many=True, help_text="What this item waits for.")
    relates_to = RelatedItemSerializer(many=True)
    comments = CommentRowSerializer(many=True, help_text="The oldest first.")
    time_entries = TimeEntryRowSerializer(many=True, help_text="The oldest first.")
    activity = ActivityRowSerializer(many=True, help_text="The latest first.")
    truncated = serializers.ListField(child=serializers.CharField(), help_text="What was cut.")

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.api.rows import key_of
from projects.api.serializers.base import STAMPS, TEXT, EntitySerializer, StrictCharField, StrictMixin
from projects.api.serializers.moments import MomentField
from projects.api.serializers.references import ReferenceField, ReferencesMixin
from projects.models import TimeEntry, WorkItem
from projects.models.time_entry import MAX_DESCRIPTION_LENGTH


class TimeEntrySerializer(ReferencesMixin, EntitySerializer):
    """Who worked on an item from when to when."""

    references = ("work_item",)
    loads = {
        "work_item": ("work_item__item_number", "work_item__project__key"),
        "is_running": ("ended_at",),
        "duration_seconds": ("started_at", "ended_at"),
    }
    makes = {
        "work_item": key_of,
        "is_running": lambda ended_at: ended_at is None,
        "duration_seconds": TimeEntry.seconds_between,
    }

    work_item_id = ReferenceField(
        WorkItem, shows="work_item_id", required=False, help_text="The item's id or display key."
    )
    work_item = ReferenceField(
        WorkItem,
        shows="work_item.display_key",
        source="work_item_id",
        required=False,
        help_text="The item's display key or id.",
    )
    user = serializers.CharField(source="user.username", read_only=True, help_text="A user's name.")
    started_at = MomentField(help_text="ISO 8601, or whole seconds since 1970.")
    ended_at = MomentField(allow_null=True, help_text="The same; null while the timer runs.")
    duration_seconds = serializers.IntegerField(read_only=True, allow_null=True, help_text="Null while it runs.")
    is_running = serializers.BooleanField(read_only=True)

    class Meta:
        model = TimeEntry
        fields = (
            "id",
            "work_item_id",
            "work_item",
            "user",
            "started_at",
            "ended_at",
            "duration_seconds",
            "is_running",
            "description",
            *STAMPS,
            "expected_version",
        )
        read_only_fields = ("id", *STAMPS)

    def create(self, validated_data: dict[str, Any]) -> Any:
        if validated_data["ended_at"] is None:
            raise serializers.ValidationError({"ended_at": "must be given; a timer is started by time-entries/start/"})
        return super().create({**validated_data, "user": validated_data["actor"]})


class TimeEntryRowSerializer(TimeEntrySerializer):
    """A row of a list of time entries."""

    all_optional = True


class TimerSerializer(ReferencesMixin, StrictMixin, serializers.Serializer[Any]):
    """What a timer is started on."""

    references = ("work_item",)

    work_item_id = ReferenceField(WorkItem, required=False, help_text="The item's id or display key.")
    work_item = ReferenceField(
        WorkItem, source="work_item_id", required=False, help_text="The item's display key or id."
    )
    description = StrictCharField(
        required=False, allow_blank=True, default="", max_length=MAX_DESCRIPTION_LENGTH, pattern=TEXT
    )


class StartedTimerSerializer(serializers.Serializer[Any]):
    """A timer that was started, and the one that was stopped by that."""

    time_entry = TimeEntrySerializer()
    stopped_entry = TimeEntrySerializer(allow_null=True)

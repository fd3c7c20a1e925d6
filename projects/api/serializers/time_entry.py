from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.api.serializers.base import EntitySerializer, StrictMixin
from projects.api.serializers.fields import TEXT, ReferenceField, StrictCharField
from projects.api.serializers.references import ReferencesMixin
from projects.models import TimeEntry, WorkItem
from projects.models.time_entry import MAX_DESCRIPTION_LENGTH


class TimeEntrySerializer(EntitySerializer):
    """Time that a user spent on an item."""

    places = {"duration_seconds": "ended_at", "is_running": "duration_seconds"}
    loads = {"is_running": ("ended_at",), "duration_seconds": ("started_at", "ended_at")}
    makes = {"is_running": lambda ended_at: ended_at is None, "duration_seconds": TimeEntry.seconds_between}

    duration_seconds = serializers.IntegerField(read_only=True, allow_null=True, help_text="Null while it runs.")
    is_running = serializers.BooleanField(read_only=True)

    class Meta(EntitySerializer.Meta):
        model = TimeEntry
        extra_kwargs = {"ended_at": {"required": True, "help_text": "The same; null while the timer runs."}}

    def create(self, validated_data: dict[str, Any]) -> Any:
        if validated_data["ended_at"] is None:
            raise serializers.ValidationError({"ended_at": "must be a time; start a timer with time-entries/start/"})
        return super().create({**validated_data, "user": validated_data["actor"]})


class TimeEntryRowSerializer(TimeEntrySerializer):
    """A row of a list of time entries."""

    all_optional = True


class TimerSerializer(ReferencesMixin, StrictMixin, serializers.Serializer[Any]):
    """The item on which a timer starts."""

    references = ("work_item",)

    work_item_id = ReferenceField(WorkItem, required=False, help_text="The item's id or display key.")
    work_item = ReferenceField(
        WorkItem, source="work_item_id", required=False, help_text="The item's display key or id."
    )
    description = StrictCharField(
        required=False, allow_blank=True, default="", max_length=MAX_DESCRIPTION_LENGTH, pattern=TEXT
    )


class StartedTimerSerializer(serializers.Serializer[Any]):
    """A timer that was started, and the timer that stopped because of it."""

    time_entry = TimeEntrySerializer()
    stopped_entry = TimeEntrySerializer(allow_null=True)

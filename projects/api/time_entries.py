"""Time entries and timers."""

from __future__ import annotations

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from projects.api.authentication import actor_of
from projects.api.filters import TRUTH, EntityFilterSet
from projects.api.idempotency import write
from projects.api.serializer_fields import TEXT, StrictCharField
from projects.api.serializers import DeletionSerializer, EntitySerializer, ResponseSerializer, TargetSerializer
from projects.api.viewsets import EntityViewSet, read_body
from projects.loose_types import AnyRow, AnyRows, Framework
from projects.models import TimeEntry, WorkItem
from projects.models.base import Values
from projects.models.exceptions import Conflict
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

    def create(self, validated_data: Values) -> Framework:
        if validated_data["ended_at"] is None:
            raise serializers.ValidationError({"ended_at": "must be a time; start a timer with time-entries/start/"})
        return super().create({**validated_data, "user": validated_data["actor"]})


class TimerSerializer(TargetSerializer):
    """The item on which a timer starts."""

    target = WorkItem

    description = StrictCharField(
        required=False, allow_blank=True, default="", max_length=MAX_DESCRIPTION_LENGTH, pattern=TEXT
    )


class StartedTimerSerializer(ResponseSerializer):
    """A timer that was started, and the timer that stopped because of it."""

    time_entry = TimeEntrySerializer()
    stopped_entry = TimeEntrySerializer(allow_null=True)


@extend_schema_field({"type": "string", "enum": ["true", "false"]})
class RunningFilter(django_filters.ChoiceFilter):
    """Narrow to the running timers, or to the entries that have ended."""

    def __init__(self, **kwargs: Framework) -> None:
        super().__init__(choices=TRUTH, empty_label=None, **kwargs)

    def filter(self, qs: AnyRows, value: str) -> Framework:
        return qs.filter(ended_at__isnull=value == "true") if value else qs


class TimeEntryFilter(EntityFilterSet):
    running = RunningFilter(help_text="`true`: running timers; `false`: entries that have ended.")

    class Meta:
        model = TimeEntry


class TimeEntryViewSet(EntityViewSet):
    queryset = TimeEntry.objects.all()
    related = ("user", "work_item__project")
    serializer_class = TimeEntrySerializer
    filterset_class = TimeEntryFilter

    @extend_schema(request=TimerSerializer, responses={201: StartedTimerSerializer})
    @action(detail=False, methods=["post"])
    @write
    def start(self, request: Request) -> Response:
        """Start a timer; this stops the actor's running timer, which is `stopped_entry` in the response."""
        body = read_body(request, TimerSerializer)
        item = WorkItem.objects.select_related("project").get(pk=body["work_item_id"])
        actor = actor_of(request)
        entry, stopped = TimeEntry.objects.start(item, actor=actor, description=body["description"])
        answer = self._answer(entry, status.HTTP_201_CREATED)
        answer.data = {
            "time_entry": answer.data,
            "stopped_entry": self.get_serializer(stopped).data if stopped else None,
        }
        answer["Location"] = reverse(f"{self.basename}-detail", args=[entry.pk], request=request)
        return answer

    @extend_schema(request=DeletionSerializer, operation_id="time_entries_stop")
    @action(detail=True, methods=["post"])
    @write
    def stop(self, request: Request, id: str) -> Response:
        """Stop the timer now."""
        return self._stop(request, self.get_object())

    @extend_schema(request=DeletionSerializer, operation_id="time_entries_stop_running")
    @action(detail=False, methods=["post"], url_path="stop", url_name="stop-running")
    @write
    def stop_running(self, request: Request) -> Response:
        """Stop the actor's running timer now."""
        actor = actor_of(request)
        running = TimeEntry.objects.running(actor).with_stamps().select_related(*self.related).first()
        if running is None:
            raise Conflict(f"{actor.username} has no running timer")
        return self._stop(request, running)

    def _stop(self, request: Request, entry: AnyRow) -> Response:
        body = read_body(request, DeletionSerializer)
        entry.stop(actor=actor_of(request), expected_version=self._expected_version(request, body, entry))
        return self._answer(entry)

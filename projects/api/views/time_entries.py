from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from projects.api.filters.time_entry import TimeEntryFilter
from projects.api.idempotency import write
from projects.api.serializers.base import DeletionSerializer
from projects.api.serializers.time_entry import (
    StartedTimerSerializer,
    TimeEntryRowSerializer,
    TimeEntrySerializer,
    TimerSerializer,
)
from projects.api.views.base import EntityViewSet
from projects.models import TimeEntry, WorkItem
from projects.models.exceptions import Conflict


class TimeEntryViewSet(EntityViewSet):
    queryset = TimeEntry.objects.all()
    related = ("user", "work_item__project")
    serializer_class = TimeEntrySerializer
    row_serializer_class = TimeEntryRowSerializer
    filterset_class = TimeEntryFilter

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    @write
    def restore(self, request: Request, id: str) -> Response:
        """Undo the deletion."""
        return self._restore(request, id)

    @extend_schema(request=TimerSerializer, responses={201: StartedTimerSerializer})
    @action(detail=False, methods=["post"])
    @write
    def start(self, request: Request) -> Response:
        """Start a timer; the actor's running one is stopped by that, and answered as `stopped_entry`."""
        body = TimerSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        item = WorkItem.objects.select_related("project").get(pk=body.validated_data["work_item_id"])
        actor: Any = request.user
        entry, stopped = TimeEntry.objects.start(item, actor=actor, description=body.validated_data["description"])
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
        actor: Any = request.user
        running = TimeEntry.objects.running(actor).with_stamps().select_related(*self.related).first()
        if running is None:
            raise Conflict(f"{actor.username} has no running timer")
        return self._stop(request, running)

    def _stop(self, request: Request, entry: Any) -> Response:
        body = DeletionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        entry.stop(actor=request.user, expected_version=self._expected_version(request, body.validated_data, entry))
        return self._answer(entry)

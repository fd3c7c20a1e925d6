"""Sprints, their actions and their report."""

from __future__ import annotations

from collections.abc import Callable

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.idempotency import write
from projects.api.query_parameters import ZONE, read_zone
from projects.api.serializer_fields import ReferenceField, StrictIntegerField
from projects.api.serializers import EntitySerializer, ResponseSerializer, StrictSerializer
from projects.api.viewsets import EntityViewSet, read_body
from projects.models import Sprint, WorkItem
from projects.models.sprints.report import report


class SprintSerializer(EntitySerializer):
    """A sprint."""

    class Meta(EntitySerializer.Meta):
        model = Sprint


class StartSerializer(StrictSerializer):
    """The optional body of a request that starts, cancels or reopens a sprint."""

    expected_version = StrictIntegerField(required=False, min_value=1)


class CompletionSerializer(StartSerializer):
    """The optional body of a request that completes a sprint."""

    move_to = ReferenceField(
        Sprint, required=False, allow_null=True, help_text="The id of the sprint that takes the unfinished items."
    )


class EndedSprintSerializer(ResponseSerializer):
    """A sprint that was completed, cancelled or reopened."""

    sprint = SprintSerializer()
    moved = serializers.ListField(
        child=serializers.CharField(),
        help_text="Display keys of the unfinished items that left it, or that returned when it was reopened.",
    )


class ReportedSprintSerializer(serializers.ModelSerializer[Sprint]):
    """The sprint of a report."""

    project = serializers.CharField(source="project.key")

    class Meta:
        model = Sprint
        fields = ("id", "project", "name", "status", "start_date", "end_date", "started_at", "completed_at")


class ReportedItemSerializer(ResponseSerializer):
    """An item as it was at that time."""

    id = serializers.UUIDField()
    display_key = serializers.CharField()
    story_points = serializers.IntegerField(allow_null=True)
    status = serializers.CharField()


class ReportedItemsSerializer(ResponseSerializer):
    """Items, with their number and the sum of their points."""

    count = serializers.IntegerField()
    points = serializers.IntegerField()
    items = ReportedItemSerializer(many=True)


class BurndownDaySerializer(ResponseSerializer):
    """The work left at the end of a day, or now."""

    date = serializers.DateField()
    points = serializers.IntegerField()
    items = serializers.IntegerField()
    ideal_points = serializers.FloatField(help_text="Falls evenly from the commitment to 0.")
    ideal_items = serializers.FloatField(help_text="The same.")


class SprintReportSerializer(ResponseSerializer):
    """The result of a sprint. Later changes of its items do not affect it."""

    sprint = ReportedSprintSerializer()
    committed = ReportedItemsSerializer(help_text="Items at the start; before the start, the items in it now.")
    done = ReportedItemsSerializer(help_text="Items done at the end, or now.")
    carried_over = ReportedItemsSerializer(help_text="Items unfinished at the end, or now.")
    added_after_start = ReportedItemsSerializer(help_text="Items in it at the end (or now) but not at the start.")
    removed = ReportedItemsSerializer(help_text="Items in it at the start but not at the end (or now).")
    burndown = BurndownDaySerializer(
        many=True, help_text="From start_date to end_date, to the end of the sprint, or to today."
    )


class SprintViewSet(EntityViewSet):
    queryset = Sprint.objects.all()
    serializer_class = SprintSerializer
    restore_description = "Undo the deletion; the items that it removed return unless they are in another sprint now."

    @extend_schema(request=StartSerializer)
    @action(detail=True, methods=["post"])
    @write
    def start(self, request: Request, id: str) -> Response:
        """Make it the active sprint of the project, and record its commitment."""
        sprint = self.get_object()
        body = read_body(request, StartSerializer)
        sprint.start(actor=actor_of(request), expected_version=self._expected_version(request, body, sprint))
        return self._answer(sprint)

    @extend_schema(request=CompletionSerializer, responses=EndedSprintSerializer)
    @action(detail=True, methods=["post"])
    @write
    def complete(self, request: Request, id: str) -> Response:
        """Complete it; unfinished items move to the sprint `move_to`, or to none."""
        sprint = self.get_object()
        body = read_body(request, CompletionSerializer)
        goal = body.get("move_to")
        moved = sprint.complete(
            actor=actor_of(request),
            move_to=Sprint.objects.get(pk=goal) if goal else None,
            expected_version=self._expected_version(request, body, sprint),
        )
        return self._with_moved(sprint, moved)

    @extend_schema(request=StartSerializer, responses=EndedSprintSerializer)
    @action(detail=True, methods=["post"])
    @write
    def cancel(self, request: Request, id: str) -> Response:
        """Cancel it; unfinished items leave it."""
        return self._moving(request, Sprint.cancel)

    @extend_schema(request=StartSerializer, responses=EndedSprintSerializer)
    @action(detail=True, methods=["post"])
    @write
    def reopen(self, request: Request, id: str) -> Response:
        """Undo the start or the cancellation: it is planned again; what left it returns unless in another sprint."""
        return self._moving(request, Sprint.reopen)

    @extend_schema(responses=SprintReportSerializer, parameters=[ZONE])
    @action(detail=True, methods=["get"])
    def report(self, request: Request, id: str) -> Response:
        """The items committed, done, carried over, added and removed, and the burndown by day."""
        found = report(self.get_object(), read_zone(request))
        return Response(SprintReportSerializer(found, context=self.get_serializer_context()).data)

    def known_parameters(self) -> set[str]:
        return {"zone"} if self.action == "report" else super().known_parameters()

    def _moving(self, request: Request, verb: Callable[..., list[WorkItem]]) -> Response:
        sprint = self.get_object()
        body = read_body(request, StartSerializer)
        expected_version = self._expected_version(request, body, sprint)
        return self._with_moved(sprint, verb(sprint, actor=actor_of(request), expected_version=expected_version))

    def _with_moved(self, sprint: Sprint, moved: list[WorkItem]) -> Response:
        answer = self._answer(sprint)
        answer.data = {"sprint": answer.data, "moved": [item.display_key for item in moved]}
        return answer

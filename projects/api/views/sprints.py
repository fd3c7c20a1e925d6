from __future__ import annotations

from collections.abc import Callable

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.filters.sprint import SprintFilter
from projects.api.idempotency import write
from projects.api.serializers.sprint import (
    CompletionSerializer,
    EndedSprintSerializer,
    SprintRowSerializer,
    SprintSerializer,
    StartSerializer,
)
from projects.api.serializers.sprint_report import SprintReportSerializer
from projects.api.views.base import EntityViewSet
from projects.models import Sprint, WorkItem
from projects.models.sprint_report import report


class SprintViewSet(EntityViewSet):
    queryset = Sprint.objects.all()
    related = ("project",)
    serializer_class = SprintSerializer
    row_serializer_class = SprintRowSerializer
    filterset_class = SprintFilter

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    @write
    def restore(self, request: Request, id: str) -> Response:
        """Undo the deletion; of what it took out, all that is in no sprint since comes back."""
        return self._restore(request, id)

    @extend_schema(request=StartSerializer)
    @action(detail=True, methods=["post"])
    @write
    def start(self, request: Request, id: str) -> Response:
        """Make it the project's active sprint, and record what it commits to."""
        sprint = self.get_object()
        body = StartSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        sprint.start(actor=request.user, expected_version=self._expected_version(request, body.validated_data, sprint))
        return self._answer(sprint)

    @extend_schema(request=CompletionSerializer, responses=EndedSprintSerializer)
    @action(detail=True, methods=["post"])
    @write
    def complete(self, request: Request, id: str) -> Response:
        """End it; what is unfinished goes to the sprint `move_to`, or to none."""
        sprint = self.get_object()
        body = CompletionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        goal = body.validated_data.get("move_to")
        moved = sprint.complete(
            actor=request.user,
            move_to=Sprint.objects.get(pk=goal) if goal else None,
            expected_version=self._expected_version(request, body.validated_data, sprint),
        )
        return self._with_moved(sprint, moved)

    @extend_schema(request=StartSerializer, responses=EndedSprintSerializer)
    @action(detail=True, methods=["post"])
    @write
    def cancel(self, request: Request, id: str) -> Response:
        """Give it up; what is unfinished goes to no sprint."""
        return self._moving(request, Sprint.cancel)

    @extend_schema(request=StartSerializer, responses=EndedSprintSerializer)
    @action(detail=True, methods=["post"])
    @write
    def reopen(self, request: Request, id: str) -> Response:
        """Undo the cancellation: it is planned again; what left it and is in no sprint comes back."""
        return self._moving(request, Sprint.reopen)

    @extend_schema(responses=SprintReportSerializer)
    @action(detail=True, methods=["get"])
    def report(self, request: Request, id: str) -> Response:
        """What was committed, done, carried over, added and removed, and the burndown by day."""
        return Response(SprintReportSerializer(report(self.get_object()), context=self.get_serializer_context()).data)

    def _moving(self, request: Request, verb: Callable[..., list[WorkItem]]) -> Response:
        sprint = self.get_object()
        body = StartSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        expected_version = self._expected_version(request, body.validated_data, sprint)
        return self._with_moved(sprint, verb(sprint, actor=request.user, expected_version=expected_version))

    def _with_moved(self, sprint: Sprint, moved: list[WorkItem]) -> Response:
        answer = self._answer(sprint)
        answer.data = {"sprint": answer.data, "moved": [item.display_key for item in moved]}
        return answer

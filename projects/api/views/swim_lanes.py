from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.filters.swim_lane import SwimLaneFilter
from projects.api.idempotency import write
from projects.api.serializers.swim_lane import (
    ReorderedSerializer,
    ReorderSerializer,
    SwimLaneRowSerializer,
    SwimLaneSerializer,
)
from projects.api.views.base import EntityViewSet
from projects.models import Project, SwimLane


class SwimLaneViewSet(EntityViewSet):
    queryset = SwimLane.objects.all()
    related = ("project",)
    serializer_class = SwimLaneSerializer
    row_serializer_class = SwimLaneRowSerializer
    filterset_class = SwimLaneFilter

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    @write
    def restore(self, request: Request, id: str) -> Response:
        """Undo the deletion; where the status has another lane by now it is a conflict."""
        return self._restore(request, id)

    @extend_schema(request=ReorderSerializer, responses=ReorderedSerializer)
    @action(detail=False, methods=["post"])
    @write
    def reorder(self, request: Request) -> Response:
        """Put all lanes of a project into the given order."""
        body = ReorderSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        project = Project.objects.get(pk=body.validated_data["project_id"])
        order = body.validated_data["order"]
        SwimLane.objects.reorder(project, order, actor=request.user)  # type: ignore[arg-type]
        lanes = SwimLane.objects.living().filter(project=project).order_by("position", "pk")
        return Response({"results": SwimLaneRowSerializer(lanes, many=True, pick=self.slim).data})

"""Swim lanes: the columns of the board."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.derivation import row_serializer_of
from projects.api.idempotency import write
from projects.api.serializers import EntitySerializer, ResponseSerializer, TargetSerializer
from projects.api.viewsets import EntityViewSet, read_body
from projects.loose_types import Framework
from projects.models import Project, SwimLane
from projects.models.base import Values

MAX_POSITION = 1_000_000


class SwimLaneSerializer(EntitySerializer):
    """A swim lane: a column of the board."""

    class Meta(EntitySerializer.Meta):
        model = SwimLane
        extra_kwargs = {
            "position": {"max_value": MAX_POSITION, "help_text": "Default: after the last one."},
            "wip_limit": {"help_text": "null: no limit."},
        }

    def create(self, validated_data: Values) -> Framework:
        last = SwimLane.objects.next_position(validated_data["project_id"])
        return super().create({"position": last, **validated_data})


class ReorderSerializer(TargetSerializer):
    """All lanes of a project, in their new order."""

    target = Project

    order = serializers.ListField(child=serializers.UUIDField(), max_length=100, help_text="Ids of lanes.")


class ReorderedSerializer(ResponseSerializer):
    """The lanes of a project, in order."""

    results = row_serializer_of(SwimLaneSerializer)(many=True)


class SwimLaneViewSet(EntityViewSet):
    queryset = SwimLane.objects.all()
    serializer_class = SwimLaneSerializer
    restore_description = "Undo the deletion; it is a conflict if another lane shows the status now."

    @extend_schema(request=ReorderSerializer, responses=ReorderedSerializer)
    @action(detail=False, methods=["post"])
    @write
    def reorder(self, request: Request) -> Response:
        """Put all lanes of a project into the given order."""
        body = read_body(request, ReorderSerializer)
        project = Project.objects.get(pk=body["project_id"])
        order = body["order"]
        SwimLane.objects.reorder(project, order, actor=actor_of(request))
        lanes = SwimLane.objects.living().filter(project=project).order_by("position", "pk")
        return Response({"results": self.row_serializer_class(lanes, many=True, pick=self.slim).data})

"""Acceptance criteria: rows of an item, ticked by who saw them hold."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.idempotency import write
from projects.api.serializer_fields import StrictIntegerField
from projects.api.serializers import StrictSerializer
from projects.api.viewsets import EntityViewSet, read_body
from projects.models import Criterion


class TickOneSerializer(StrictSerializer):
    """The optional body of a tick."""

    expected_version = StrictIntegerField(required=False, min_value=1)


class CriterionViewSet(EntityViewSet):
    queryset = Criterion.objects.all()
    related = ("work_item__project", "created_by")

    @extend_schema(request=TickOneSerializer)
    @action(detail=True, methods=["post"])
    @write
    def tick(self, request: Request, id: str) -> Response:
        """Record that the caller saw it hold."""
        criterion = self.get_object()
        criterion.tick(actor=actor_of(request), expected_version=self._seen(request, criterion))
        return self._answer(criterion)

    @extend_schema(request=TickOneSerializer)
    @action(detail=True, methods=["post"])
    @write
    def untick(self, request: Request, id: str) -> Response:
        """Remove the tick."""
        criterion = self.get_object()
        criterion.untick(actor=actor_of(request), expected_version=self._seen(request, criterion))
        return self._answer(criterion)

    def _seen(self, request: Request, criterion: Criterion) -> int | None:
        return self._expected_version(request, read_body(request, TickOneSerializer), criterion)

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.filters.dependency import DependencyFilter
from projects.api.idempotency import write
from projects.api.serializers.dependency import DependencyRowSerializer, DependencySerializer
from projects.api.views.base import EntityViewSet
from projects.models import Dependency


class DependencyViewSet(EntityViewSet):
    http_method_names = ["get", "post", "delete", "head"]  # it never changes
    queryset = Dependency.objects.all()
    related = ("blocking_item__project", "blocked_item__project")
    serializer_class = DependencySerializer
    row_serializer_class = DependencyRowSerializer
    filterset_class = DependencyFilter

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    @write
    def restore(self, request: Request, id: str) -> Response:
        """Undo the deletion; where it would close a circle by now it is refused."""
        return self._restore(request, id)

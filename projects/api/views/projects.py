from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.filters.project import ProjectFilter
from projects.api.idempotency import write
from projects.api.serializers.project import ProjectRowSerializer, ProjectSerializer
from projects.api.serializers.project_stats import ProjectStatsSerializer
from projects.api.views.base import EntityViewSet
from projects.models import Project
from projects.models.project_stats import stats


class ProjectViewSet(EntityViewSet):
    queryset = Project.objects.all()
    serializer_class = ProjectSerializer
    row_serializer_class = ProjectRowSerializer
    filterset_class = ProjectFilter

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    @write
    def restore(self, request: Request, id: str) -> Response:
        """Undo the deletion; onto a key that another project has by now it is a conflict."""
        return self._restore(request, id)

    @extend_schema(responses=ProjectStatsSerializer)
    @action(detail=True, methods=["get"])
    def stats(self, request: Request, id: str) -> Response:
        """How the project stands, in figures."""
        return Response(ProjectStatsSerializer(stats(self.get_object())).data)

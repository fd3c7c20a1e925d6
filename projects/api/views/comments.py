from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.filters.comment import CommentFilter
from projects.api.idempotency import write
from projects.api.serializers.comment import CommentRowSerializer, CommentSerializer
from projects.api.views.base import EntityViewSet
from projects.models import Comment


class CommentViewSet(EntityViewSet):
    queryset = Comment.objects.all()
    related = ("work_item__project",)
    serializer_class = CommentSerializer
    row_serializer_class = CommentRowSerializer
    filterset_class = CommentFilter

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    @write
    def restore(self, request: Request, id: str) -> Response:
        """Undo the deletion."""
        return self._restore(request, id)

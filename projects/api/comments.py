"""Comments on work items."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.filters import EntityFilterSet
from projects.api.idempotency import write
from projects.api.serializers import EntitySerializer
from projects.api.viewsets import EntityViewSet
from projects.models import Comment


class CommentSerializer(EntitySerializer):
    """A comment on a work item."""

    class Meta(EntitySerializer.Meta):
        model = Comment


class CommentRowSerializer(CommentSerializer):
    """A row of a list of comments."""

    all_optional = True


class CommentFilter(EntityFilterSet):
    class Meta:
        model = Comment


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

"""Comments on work items."""

from __future__ import annotations

from projects.api.filters import EntityFilterSet
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

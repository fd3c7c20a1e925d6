from __future__ import annotations

from projects.api.serializers.base import EntitySerializer
from projects.models import Comment


class CommentSerializer(EntitySerializer):
    """A comment on a work item."""

    class Meta(EntitySerializer.Meta):
        model = Comment


class CommentRowSerializer(CommentSerializer):
    """A row of a list of comments."""

    all_optional = True

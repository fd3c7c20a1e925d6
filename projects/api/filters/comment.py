from __future__ import annotations

from projects.api.filters.derived import EntityFilterSet
from projects.models import Comment


class CommentFilter(EntityFilterSet):
    class Meta:
        model = Comment

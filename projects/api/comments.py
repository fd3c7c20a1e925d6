"""Comments on work items, and the confirmation of decisions."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.idempotency import write
from projects.api.viewsets import EntityViewSet, refuse_body
from projects.models import Comment


class CommentViewSet(EntityViewSet):
    queryset = Comment.objects.all()

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    @write
    def confirm(self, request: Request, id: str) -> Response:
        """Confirm a decision, as a person."""
        refuse_body(request)
        comment = self.get_object()
        comment.confirm(actor=actor_of(request))
        return self._answer(comment)

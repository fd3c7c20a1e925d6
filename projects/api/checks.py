"""Checks of projects: only people define, change and approve them."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.idempotency import write
from projects.api.serializers import StrictSerializer
from projects.api.viewsets import EntityViewSet, read_body
from projects.models import Check


class ApprovalSerializer(StrictSerializer):
    """What a person has read."""

    digest = serializers.CharField(help_text="The SHA-256 of the command.")


class CheckViewSet(EntityViewSet):
    queryset = Check.objects.all()

    @extend_schema(request=ApprovalSerializer)
    @action(detail=True, methods=["post"])
    @write
    def approve(self, request: Request, id: str) -> Response:
        """Let the command with this digest run on this clone, as a person."""
        check = self.get_object()
        check.approve(actor=actor_of(request), digest=read_body(request, ApprovalSerializer)["digest"])
        return self._answer(check)

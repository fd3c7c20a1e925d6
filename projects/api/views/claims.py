"""The actions by which agents take work items and give them back."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.idempotency import write
from projects.api.serializers.claim import (
    ClaimedSerializer,
    ClaimNextSerializer,
    LeaseSerializer,
    ReleaseSerializer,
    RenewalSerializer,
)
from projects.api.views.base import EntityViewSet
from projects.models import Project, WorkItem
from projects.models.claims import claim_next


class ClaimActions(EntityViewSet):
    @extend_schema(request=LeaseSerializer, responses=ClaimedSerializer)
    @action(detail=True, methods=["post"])
    @write
    def claim(self, request: Request, id: str) -> Response:
        """Take the item: it is the caller's and in progress, until the lease runs out."""
        body = LeaseSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        item = self.get_object()
        return self._claimed(item, item.claim(actor=request.user, lease=body.validated_data["lease"]))

    @extend_schema(request=ClaimNextSerializer, responses=ClaimedSerializer)
    @action(detail=False, methods=["post"], url_path="claim-next")
    @write
    def claim_next(self, request: Request) -> Response:
        """Take the first item that is ready; of many callers at once each gets another."""
        body = ClaimNextSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        project = Project.objects.get(pk=body.validated_data["project_id"])
        lease: int = body.validated_data["lease"]
        return self._claimed(*claim_next(project, actor=request.user, lease=lease))  # type: ignore[arg-type]

    @extend_schema(request=RenewalSerializer, responses=ClaimedSerializer)
    @action(detail=True, methods=["post"])
    @write
    def renew(self, request: Request, id: str) -> Response:
        """Let the claim run on."""
        body = RenewalSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        item = self.get_object()
        item.renew(**body.validated_data)
        return self._claimed(item, body.validated_data["lease_id"])

    @extend_schema(request=ReleaseSerializer)
    @action(detail=True, methods=["post"])
    @write
    def release(self, request: Request, id: str) -> Response:
        """Give the item back: it is ready again."""
        body = ReleaseSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        item = self.get_object()
        item.release(actor=request.user, **body.validated_data)
        return self._answer(item)

    def _claimed(self, item: WorkItem, lease_id: uuid.UUID) -> Response:
        answer = self._answer(item)
        answer.data = {"work_item": answer.data, "lease_id": str(lease_id)}
        return answer

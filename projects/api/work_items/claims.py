"""Claims: how agents take work items and give them back."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.idempotency import write
from projects.api.serializer_fields import ReferenceField, StrictBooleanField, StrictIntegerField
from projects.api.serializers import ReferencesMixin, StrictMixin
from projects.api.viewsets import EntityViewSet
from projects.api.work_items.serializers import WorkItemSerializer
from projects.models import Project, WorkItem
from projects.models.work_items.choices import DEFAULT_LEASE, MAX_LEASE
from projects.models.work_items.claims import claim_next


class LeaseSerializer(StrictMixin, serializers.Serializer[Any]):
    """The length of a lease."""

    lease = StrictIntegerField(
        min_value=1, max_value=MAX_LEASE, required=False, default=DEFAULT_LEASE, help_text="Minutes."
    )


class ClaimNextSerializer(ReferencesMixin, LeaseSerializer):
    """The project, and the length of the lease."""

    references = ("project",)

    project = ReferenceField(Project, source="project_id", required=False, help_text="The project's key or id.")
    project_id = ReferenceField(Project, required=False, help_text="The project's id or key.")


class RenewalSerializer(LeaseSerializer):
    """The claim, and the length of its lease from now."""

    lease_id = serializers.UUIDField(help_text="`lease_id` in the answer to the claim.")


class ReleaseSerializer(StrictMixin, serializers.Serializer[Any]):
    """The claim; or `force`, to release a claim of anybody."""

    lease_id = serializers.UUIDField(required=False, help_text="`lease_id` in the answer to the claim.")
    force = StrictBooleanField(required=False, default=False)


class ClaimedSerializer(serializers.Serializer[Any]):
    """The item, and the id that renews and releases the claim."""

    work_item = WorkItemSerializer()
    lease_id = serializers.UUIDField()


class ClaimActions(EntityViewSet):
    @extend_schema(request=LeaseSerializer, responses=ClaimedSerializer)
    @action(detail=True, methods=["post"])
    @write
    def claim(self, request: Request, id: str) -> Response:
        """Claim the item: it is assigned to the caller and in progress until the lease runs out."""
        body = LeaseSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        item = self.get_object()
        return self._claimed(item, item.claim(actor=request.user, lease=body.validated_data["lease"]))

    @extend_schema(request=ClaimNextSerializer, responses=ClaimedSerializer)
    @action(detail=False, methods=["post"], url_path="claim-next")
    @write
    def claim_next(self, request: Request) -> Response:
        """Claim the first ready item; concurrent callers get different items."""
        body = ClaimNextSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        project = Project.objects.get(pk=body.validated_data["project_id"])
        lease: int = body.validated_data["lease"]
        return self._claimed(*claim_next(project, actor=request.user, lease=lease))  # type: ignore[arg-type]

    @extend_schema(request=RenewalSerializer, responses=ClaimedSerializer)
    @action(detail=True, methods=["post"])
    @write
    def renew(self, request: Request, id: str) -> Response:
        """Renew the claim."""
        body = RenewalSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        item = self.get_object()
        item.renew(**body.validated_data)
        return self._claimed(item, body.validated_data["lease_id"])

    @extend_schema(request=ReleaseSerializer)
    @action(detail=True, methods=["post"])
    @write
    def release(self, request: Request, id: str) -> Response:
        """Release the item: it is ready again."""
        body = ReleaseSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        item = self.get_object()
        item.release(actor=request.user, **body.validated_data)
        return self._answer(item)

    def _claimed(self, item: WorkItem, lease_id: uuid.UUID) -> Response:
        answer = self._answer(item)
        answer.data = {"work_item": answer.data, "lease_id": str(lease_id)}
        return answer

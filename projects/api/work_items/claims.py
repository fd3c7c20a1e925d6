"""Claims: how agents take work items and give them back."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.idempotency import write
from projects.api.serializer_fields import StrictBooleanField, StrictIntegerField
from projects.api.serializers import ResponseSerializer, StrictSerializer, TargetSerializer
from projects.api.viewsets import EntityViewSet, read_body
from projects.api.work_items.serializers import WorkItemSerializer
from projects.models import Project, WorkItem
from projects.models.work_items.choices import DEFAULT_LEASE, MAX_LEASE
from projects.models.work_items.claims import claim_next


class LeaseSerializer(StrictSerializer):
    """The length of a lease."""

    lease = StrictIntegerField(
        min_value=1, max_value=MAX_LEASE, required=False, default=DEFAULT_LEASE, help_text="Minutes."
    )


class ClaimNextSerializer(TargetSerializer, LeaseSerializer):
    """The project, and the length of the lease."""

    target = Project


class RenewalSerializer(LeaseSerializer):
    """The claim, and the length of its lease from now."""

    lease_id = serializers.UUIDField(help_text="`lease_id` from the response to the claim.")


class ReleaseSerializer(StrictSerializer):
    """The claim; or `force`, to release a claim of another user."""

    lease_id = serializers.UUIDField(required=False, help_text="`lease_id` from the response to the claim.")
    force = StrictBooleanField(required=False, default=False)


class ClaimedSerializer(ResponseSerializer):
    """The item, and the id that renews and releases the claim."""

    work_item = WorkItemSerializer()
    lease_id = serializers.UUIDField()


class ClaimActions(EntityViewSet):
    @extend_schema(request=LeaseSerializer, responses=ClaimedSerializer)
    @action(detail=True, methods=["post"])
    @write
    def claim(self, request: Request, id: str) -> Response:
        """Claim the item: it is assigned to the caller and in progress until the lease expires."""
        body = read_body(request, LeaseSerializer)
        item = self.get_object()
        return self._claimed(item, item.claim(actor=actor_of(request), lease=body["lease"]))

    @extend_schema(request=ClaimNextSerializer, responses=ClaimedSerializer)
    @action(detail=False, methods=["post"], url_path="claim-next")
    @write
    def claim_next(self, request: Request) -> Response:
        """Claim the first ready item; concurrent callers get different items."""
        body = read_body(request, ClaimNextSerializer)
        project = Project.objects.get(pk=body["project_id"])
        lease: int = body["lease"]
        return self._claimed(*claim_next(project, actor=actor_of(request), lease=lease))

    @extend_schema(request=RenewalSerializer, responses=ClaimedSerializer)
    @action(detail=True, methods=["post"])
    @write
    def renew(self, request: Request, id: str) -> Response:
        """Renew the claim."""
        body = read_body(request, RenewalSerializer)
        item = self.get_object()
        item.renew(**body)
        return self._claimed(item, body["lease_id"])

    @extend_schema(request=ReleaseSerializer)
    @action(detail=True, methods=["post"])
    @write
    def release(self, request: Request, id: str) -> Response:
        """Release the item: it is ready again."""
        body = read_body(request, ReleaseSerializer)
        item = self.get_object()
        item.release(actor=actor_of(request), **body)
        return self._answer(item)

    def _claimed(self, item: WorkItem, lease_id: uuid.UUID) -> Response:
        answer = self._answer(item)
        answer.data = {"work_item": answer.data, "lease_id": str(lease_id)}
        return answer

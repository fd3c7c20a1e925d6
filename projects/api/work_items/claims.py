"""Claims: how agents take work items and give them back."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.callers import myself
from projects.api.idempotency import write
from projects.api.notes import noted
from projects.api.serializer_fields import ReferenceField, StrictBooleanField, StrictIntegerField
from projects.api.serializers import ResponseSerializer, StrictSerializer, TargetSerializer
from projects.api.viewsets import EntityViewSet, read_body
from projects.api.work_items.brief import FIRST, BriefSerializer, brief_of
from projects.api.work_items.serializers import WorkItemSerializer
from projects.models import PendingNote, Project, WorkItem
from projects.models.work_items.choices import DEFAULT_LEASE, MAX_LEASE, Status
from projects.models.work_items.claims import begin, begin_next, claim_next

LONGEST_TEXT = 8000  # characters in the answer of begin, which is stored with its Idempotency-Key


class LeaseSerializer(StrictSerializer):
    """The length of a lease."""

    lease = StrictIntegerField(
        min_value=1, max_value=MAX_LEASE, required=False, default=DEFAULT_LEASE, help_text="Minutes."
    )


class ClaimSerializer(LeaseSerializer):
    """The length of the lease; `force` takes an item that is not ready or that another user holds."""

    force = StrictBooleanField(required=False, default=False)


class BeginSerializer(StrictSerializer):
    """The length of the lease, by default as before or an hour; `force` as for a claim."""

    lease = StrictIntegerField(min_value=1, max_value=MAX_LEASE, required=False, help_text="Minutes.")
    force = StrictBooleanField(required=False, default=False)


class BeginNextSerializer(StrictSerializer):
    """The project, which is optional if there is only one, and the length of the lease."""

    project = ReferenceField(Project, required=False, help_text="A project's id or key.")
    lease = StrictIntegerField(min_value=1, max_value=MAX_LEASE, required=False, help_text="Minutes.")


class ReadinessSerializer(ResponseSerializer):
    """Whether an item is ready for the caller, and why not."""

    ready = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField())


class ClaimNextSerializer(TargetSerializer, LeaseSerializer):
    """The project, and the length of the lease."""

    target = Project


class RenewalSerializer(StrictSerializer):
    """The claim, and the length of its lease from now, by default as before."""

    lease = StrictIntegerField(min_value=1, max_value=MAX_LEASE, required=False, help_text="Minutes.")
    lease_id = serializers.UUIDField(required=False, help_text="Proof of the claim for another session.")


class ReleaseSerializer(StrictSerializer):
    """The claim, for another session than its own; or `force`, to release any claim."""

    lease_id = serializers.UUIDField(required=False, help_text="`lease_id` from the response to the claim.")
    force = StrictBooleanField(required=False, default=False)


class ClaimedSerializer(ResponseSerializer):
    """The item, and the id that renews and releases the claim."""

    work_item = WorkItemSerializer()
    lease_id = serializers.UUIDField()


class ClaimActions(EntityViewSet):
    @extend_schema(request=ClaimSerializer, responses=ClaimedSerializer)
    @action(detail=True, methods=["post"])
    @write
    def claim(self, request: Request, id: str) -> Response:
        """Claim the item: it is assigned to the caller and in progress until the lease expires."""
        body = read_body(request, ClaimSerializer)
        item = self.get_object()
        return self._claimed(item, item.claim(actor=actor_of(request), **body))

    @extend_schema(request=BeginSerializer, responses=BriefSerializer)
    @action(detail=True, methods=["post"], url_path="begin")
    @write
    def begin(self, request: Request, id: str) -> Response:
        """Claim the item, or renew the claim that the caller's session has."""
        body = read_body(request, BeginSerializer)
        item = self.get_object()
        begin(item, actor=actor_of(request), **body)
        return self._begun(request, item)

    @extend_schema(request=BeginNextSerializer, responses=BriefSerializer, operation_id="work_items_begin_next")
    @action(detail=False, methods=["post"], url_path="begin")
    @write
    def begin_next(self, request: Request) -> Response:
        """Begin what the caller's session has in progress, what the caller left, or the first ready item."""
        body = read_body(request, BeginNextSerializer)
        project = Project.objects.get(pk=body["project"]) if "project" in body else None
        return self._begun(request, begin_next(project, actor=actor_of(request), lease=body.get("lease")))

    @extend_schema(responses=ReadinessSerializer)
    @action(detail=True)
    def readiness(self, request: Request, id: str) -> Response:
        """Whether the caller can start the item now, and every reason why not."""
        item = self.get_object()
        reasons = item.obstacles(myself(request))
        if item.is_claimed:
            end = "" if item.is_paused else f" until {item.lease_expires_at:%Y-%m-%dT%H:%M:%SZ}"
            reasons.insert(0, f"{item.claimed_by.username} has claimed it{end}")
        elif item.status == Status.IN_PROGRESS and item.claimed_by_id is None:
            reasons.insert(0, "it is in progress")
        return Response({"ready": not reasons, "reasons": reasons})

    @extend_schema(request=ClaimNextSerializer, responses=ClaimedSerializer)
    @action(detail=False, methods=["post"], url_path="claim-next")
    @write
    def claim_next(self, request: Request) -> Response:
        """Claim the first ready item; concurrent callers get different items."""
        body = read_body(request, ClaimNextSerializer)
        project = Project.objects.loaded(body["project_id"])
        if project is None:
            raise Project.DoesNotExist
        return self._claimed(*claim_next(project, actor=actor_of(request), lease=body["lease"]))

    @extend_schema(request=RenewalSerializer, responses=ClaimedSerializer)
    @action(detail=True, methods=["post"])
    @write
    def renew(self, request: Request, id: str) -> Response:
        """Renew the claim."""
        body = read_body(request, RenewalSerializer)
        item = self.get_object()
        item.renew(actor=actor_of(request), **body)
        return self._claimed(item, item.lease_id)

    @extend_schema(request=ReleaseSerializer)
    @action(detail=True, methods=["post"])
    @write
    def release(self, request: Request, id: str) -> Response:
        """Release the item: it is ready again."""
        body = read_body(request, ReleaseSerializer)
        item = self.get_object()
        item.release(actor=actor_of(request), **body)
        return self._answer(item)

    def _begun(self, request: Request, item: WorkItem) -> Response:
        """Return the item as `brief/` does, with long texts cut, and first the notes that wait for the caller."""
        answer = self._answer(item)
        brief = brief_of(answer.data, item.pk.hex, longest=LONGEST_TEXT)
        if notes := PendingNote.objects.for_begin(item, actor_of(request)):
            head = {name: brief.pop(name) for name in [*brief][: len(FIRST)]}
            brief = {**head, "notes": noted(notes, longest=LONGEST_TEXT), **brief}
        answer.data = brief
        return answer

    def _claimed(self, item: WorkItem, lease_id: uuid.UUID | None) -> Response:
        answer = self._answer(item)
        answer.data = {"work_item": answer.data, "lease_id": str(lease_id)}
        return answer

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.api.serializers.base import StrictMixin
from projects.api.serializers.fields import ReferenceField, StrictBooleanField, StrictIntegerField
from projects.api.serializers.references import ReferencesMixin
from projects.api.serializers.work_item import WorkItemSerializer
from projects.models import Project
from projects.models.claims import DEFAULT_LEASE, MAX_LEASE


class LeaseSerializer(StrictMixin, serializers.Serializer[Any]):
    """For how long."""

    lease = StrictIntegerField(
        min_value=1, max_value=MAX_LEASE, required=False, default=DEFAULT_LEASE, help_text="Minutes."
    )


class ClaimNextSerializer(ReferencesMixin, LeaseSerializer):
    """Of which project, and for how long."""

    references = ("project",)

    project = ReferenceField(Project, source="project_id", required=False, help_text="The project's key or id.")
    project_id = ReferenceField(Project, required=False, help_text="The project's id or key.")


class RenewalSerializer(LeaseSerializer):
    """Which claim, and for how long from now."""

    lease_id = serializers.UUIDField(help_text="What the claim answered.")


class ReleaseSerializer(StrictMixin, serializers.Serializer[Any]):
    """Which claim; or `force`, for whosever it is."""

    lease_id = serializers.UUIDField(required=False, help_text="What the claim answered.")
    force = StrictBooleanField(required=False, default=False)


class ClaimedSerializer(serializers.Serializer[Any]):
    """The item, and what renews and releases the claim."""

    work_item = WorkItemSerializer()
    lease_id = serializers.UUIDField()

"""The serializers of work items, and of the requests and responses about them."""

from __future__ import annotations

from datetime import UTC, datetime

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from projects.api.activity import ActivityRowSerializer
from projects.api.derivation import row_serializer_of, serializer_of
from projects.api.row_rendering import key_of
from projects.api.serializer_fields import LabelsField, ReferenceField, StrictBooleanField, StrictIntegerField
from projects.api.serializers import DeletionSerializer, EntitySerializer, ResponseSerializer, StrictSerializer
from projects.api.time_entries import TimeEntrySerializer
from projects.entities.work_item import CLOSED
from projects.models import Comment, WorkItem
from projects.models.work_items.choices import MAX_IDLE_LEASES
from projects.models.work_items.item import progress_of

MAX_UPDATES = 1000


def is_stuck(status: str, idle_leases: int, lease_expires_at: datetime | None) -> bool:
    """Return True if the item is open and several leases in a row ran out without progress; see `Claimable`."""
    if status in CLOSED or idle_leases < MAX_IDLE_LEASES:
        return False
    return lease_expires_at is None or lease_expires_at <= datetime.now(UTC).replace(tzinfo=None)


class WorkItemSerializer(EntitySerializer):
    """A work item."""

    only_updates = (*EntitySerializer.only_updates, "force", "lease_id", "add_labels", "remove_labels")
    places = {"display_key": "id", "stuck": "lease_expires_at", "criteria": "description"}
    # A parent is in the same project: its key needs no second join.
    loads = {
        "display_key": ("item_number", "project__key"),
        "parent": ("parent__item_number", "project__key"),
        "stuck": ("status", "idle_leases", "lease_expires_at"),
        "criteria": ("criteria_ticked", "criteria_total"),
    }
    makes = {"display_key": key_of, "stuck": is_stuck, "criteria": progress_of}

    display_key = serializers.CharField(read_only=True)
    criteria = serializers.CharField(
        source="criteria_progress", read_only=True, help_text="How many acceptance criteria are ticked, such as 2/3."
    )
    stuck = serializers.BooleanField(
        source="is_stuck", read_only=True, help_text="Several leases in a row ran out without progress."
    )
    force = StrictBooleanField(
        write_only=True,
        required=False,
        help_text="Allow done or cancelled although children or blockers are open, and override a claim.",
    )
    lease_id = serializers.UUIDField(
        write_only=True, required=False, help_text="Proof that the claim is the caller's, from another session."
    )

    add_labels = LabelsField(write_only=True, required=False, help_text="Labels to add; the others stay.")
    remove_labels = LabelsField(write_only=True, required=False, help_text="Labels to remove; the others stay.")

    class Meta(EntitySerializer.Meta):
        model = WorkItem
        extra_kwargs = {
            "parent": {"shows": "parent_key"},
            "lease_expires_at": {"help_text": "9998-12-31T00:00:00Z while a question about the item is open."},
            "position": {"help_text": "An ordering key: items stand in the byte order of these texts."},
        }


class WorkItemRowSerializer(WorkItemSerializer):
    """A row of a list of work items."""

    all_optional = True


class WorkItemDeletionSerializer(DeletionSerializer):
    """The optional body of a work item's DELETE; `force` also deletes what another session holds."""

    recursive = StrictBooleanField(required=False)
    force = StrictBooleanField(required=False)


class MoveSerializer(StrictSerializer):
    """The new position: right before or right after another item of the project."""

    before = ReferenceField(WorkItem, required=False, help_text="An item's id or display key.")
    after = ReferenceField(WorkItem, required=False, help_text="An item's id or display key.")
    expected_version = StrictIntegerField(required=False, min_value=1)


class ReadySerializer(ResponseSerializer):
    """Items that can be started, the most urgent first."""

    results = WorkItemRowSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


@extend_schema_field({"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}})
class UpdateField(serializers.DictField):
    """An item's id or display key, and the fields of its update."""


class BulkUpdateSerializer(StrictSerializer):
    """Updates of many items, all or nothing."""

    updates = serializers.ListField(child=UpdateField(), min_length=1, max_length=MAX_UPDATES)


class BulkUpdatedSerializer(ResponseSerializer):
    """The result of a bulk update."""

    updated = serializers.IntegerField(help_text="The number of items that changed.")
    work_items = WorkItemRowSerializer(many=True)


class RelatedItemSerializer(ResponseSerializer):
    """The item at the other end of a dependency."""

    dependency_id = serializers.UUIDField()
    display_key = serializers.CharField()
    item_type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.CharField()
    priority = serializers.CharField()


class WorkItemPageSerializer(WorkItemSerializer):
    """A work item with everything related to it."""

    all_optional = True  # a truncated page lacks some fields

    ancestors = WorkItemRowSerializer(many=True, help_text="The outermost first.")
    children = WorkItemRowSerializer(many=True)
    blocking = RelatedItemSerializer(many=True, help_text="Items that wait for this item.")
    blocked_by = RelatedItemSerializer(many=True, help_text="Items that this item waits for.")
    relates_to = RelatedItemSerializer(many=True)
    discovered_from = RelatedItemSerializer(many=True, help_text="Items during whose work this item was found.")
    discoveries = RelatedItemSerializer(many=True, help_text="Items that were found while working on this item.")
    duplicates = RelatedItemSerializer(many=True, help_text="Items that this item duplicates.")
    duplicated_by = RelatedItemSerializer(many=True)
    comments = row_serializer_of(serializer_of(Comment))(many=True, help_text="The oldest first.")
    time_entries = row_serializer_of(TimeEntrySerializer)(many=True, help_text="The oldest first.")
    activity = ActivityRowSerializer(many=True, help_text="The latest first.")
    truncated = serializers.ListField(
        child=serializers.CharField(), help_text="The texts that were cut, and the lists and fields that were dropped."
    )

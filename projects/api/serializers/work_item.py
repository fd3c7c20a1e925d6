from __future__ import annotations

from rest_framework import serializers

from projects.api.rows import key_of
from projects.api.serializers.base import DeletionSerializer, EntitySerializer
from projects.api.serializers.fields import StrictBooleanField
from projects.models import WorkItem
from projects.models.work_item import MAX_POINTS


class WorkItemSerializer(EntitySerializer):
    """A work item."""

    of_changes = (*EntitySerializer.of_changes, "force")
    places = {"display_key": "id"}
    # A parent is in the same project: its key needs no second join.
    loads = {"display_key": ("item_number", "project__key"), "parent": ("parent__item_number", "project__key")}
    makes = {"display_key": key_of}

    display_key = serializers.CharField(read_only=True)
    force = StrictBooleanField(
        write_only=True, required=False, help_text="Done, whatever is open below it or blocks it."
    )

    class Meta(EntitySerializer.Meta):
        model = WorkItem
        extra_kwargs = {"parent": {"shows": "parent_key"}, "story_points": {"max_value": MAX_POINTS}}


class WorkItemRowSerializer(WorkItemSerializer):
    """A row of a list of work items."""

    all_optional = True


class WorkItemDeletionSerializer(DeletionSerializer):
    """The optional body of a work item's DELETE."""

    recursive = StrictBooleanField(required=False)

from __future__ import annotations

from rest_framework import serializers

from projects.api.rows import key_of
from projects.api.serializers.base import STAMPS, EntitySerializer
from projects.api.serializers.references import ReferenceField, ReferencesMixin
from projects.models import Dependency, WorkItem


class DependencySerializer(ReferencesMixin, EntitySerializer):
    """A dependency: one item blocks another, or is related to it. It never changes."""

    references = ("blocking_item", "blocked_item")
    loads = {
        "project_id": ("blocking_item__project_id",),
        "blocking_item": ("blocking_item__item_number", "blocking_item__project__key"),
        "blocked_item": ("blocked_item__item_number", "blocked_item__project__key"),
    }
    makes = {"blocking_item": key_of, "blocked_item": key_of}

    project_id = serializers.UUIDField(read_only=True)
    blocking_item_id = ReferenceField(
        WorkItem, shows="blocking_item_id", required=False, help_text="The id or display key of what blocks."
    )
    blocking_item = ReferenceField(
        WorkItem,
        shows="blocking_item.display_key",
        source="blocking_item_id",
        required=False,
        help_text="The display key or id of what blocks.",
    )
    blocked_item_id = ReferenceField(
        WorkItem, shows="blocked_item_id", required=False, help_text="The id or display key of what is blocked."
    )
    blocked_item = ReferenceField(
        WorkItem,
        shows="blocked_item.display_key",
        source="blocked_item_id",
        required=False,
        help_text="The display key or id of what is blocked.",
    )

    class Meta:
        model = Dependency
        fields = (
            *("id", "project_id", "blocking_item_id", "blocking_item", "blocked_item_id", "blocked_item"),
            *("dependency_type", *STAMPS, "expected_version"),
        )
        read_only_fields = ("id", *STAMPS)
        validators = ()  # the model's rules are all there is


class DependencyRowSerializer(DependencySerializer):
    """A row of a list of dependencies."""

    all_optional = True

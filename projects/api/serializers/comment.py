from __future__ import annotations

from projects.api.rows import key_of
from projects.api.serializers.base import STAMPS, EntitySerializer
from projects.api.serializers.references import ReferenceField, ReferencesMixin
from projects.models import Comment, WorkItem


class CommentSerializer(ReferencesMixin, EntitySerializer):
    """A comment on a work item."""

    references = ("work_item",)
    loads = {"work_item": ("work_item__item_number", "work_item__project__key")}
    makes = {"work_item": key_of}

    work_item_id = ReferenceField(
        WorkItem, shows="work_item_id", required=False, help_text="The item's id or display key."
    )
    work_item = ReferenceField(
        WorkItem,
        shows="work_item.display_key",
        source="work_item_id",
        required=False,
        help_text="The item's display key or id.",
    )

    class Meta:
        model = Comment
        fields = ("id", "work_item_id", "work_item", "content", *STAMPS, "expected_version")
        read_only_fields = ("id", *STAMPS)


class CommentRowSerializer(CommentSerializer):
    """A row of a list of comments."""

    all_optional = True

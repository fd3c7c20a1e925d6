from __future__ import annotations

from projects.api.serializers.base import STAMPS, EntitySerializer, StrictCharField
from projects.models import Project

KEY = r"^[A-Za-z][A-Za-z0-9_]{1,19}$"


class ProjectSerializer(EntitySerializer):
    """A project."""

    # Declared, for the uniqueness among the living is the model's to check: it is a conflict, no bad value.
    key = StrictCharField(
        max_length=20,
        pattern=KEY,
        help_text="2 to 20 of A-Z, 0-9 and _, first a letter; upper-cased, and never changed.",
    )

    class Meta:
        model = Project
        fields = ("id", "key", "title", "description", "status", "next_work_item_number", *STAMPS, "expected_version")
        read_only_fields = ("id", "next_work_item_number", *STAMPS)


class ProjectRowSerializer(ProjectSerializer):
    """A row of a list of projects."""

    all_optional = True  # a list's `fields` picks

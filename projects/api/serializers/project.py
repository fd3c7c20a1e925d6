from __future__ import annotations

from projects.api.serializers.base import EntitySerializer
from projects.api.serializers.fields import StrictCharField
from projects.models import Project

KEY = r"^[A-Za-z][A-Za-z0-9_]{1,19}$"


class ProjectSerializer(EntitySerializer):
    """A project."""

    # Declared without a validator: the model checks that a key is unique among living projects. A duplicate is a
    # conflict, not a wrong value.
    key = StrictCharField(
        max_length=20,
        pattern=KEY,
        help_text="2 to 20 of A-Z, 0-9 and _, first a letter; upper-cased, and never changed.",
    )

    class Meta(EntitySerializer.Meta):
        model = Project


class ProjectRowSerializer(ProjectSerializer):
    """A row of a list of projects."""

    all_optional = True  # the parameter `fields` selects the fields of a row

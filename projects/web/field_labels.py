"""Names of fields on the pages, where they differ from the model and the API."""

from __future__ import annotations

import re

# The labels of the page forms. Other fields use their own name with spaces.
LABELS = {
    "start_date": "first day",
    "end_date": "last day",
    "ended_at": "until",
    "item_type": "type",
    "story_points": "points",
    "due_date": "due",
    "wip_limit": "limit",
    "external_ref": "external reference",
    "content": "text",
    "other": "the other item",
    "blocked_item_id": "the other item",
    "blocking_item_id": "the other item",
}
# Field names that occur in messages of rules.
_NAMED = {"start_date": "the first day", "started_at": "the start"}
_FIELD = re.compile(rf"\b(?:{'|'.join(_NAMED)})\b")


def label(field: str) -> str:
    """Return the label of a field."""
    return LABELS.get(field) or field.removesuffix("_id").replace("_", " ")


def reworded(message: str) -> str:
    """Replace field names in a rule's message by their labels."""
    return _FIELD.sub(lambda match: _NAMED[match[0]], message)

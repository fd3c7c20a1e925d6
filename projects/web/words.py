"""What the pages call what the model and the API name otherwise."""

from __future__ import annotations

import re

# As the forms of the pages label them; any other field by its own name, in words.
LABELS = {
    "start_date": "first day",
    "end_date": "last day",
    "ended_at": "until",
    "story_points": "points",
    "content": "text",
    "other": "the other item",
    "blocked_item_id": "the other item",
    "blocking_item_id": "the other item",
}
# Fields that a rule's message may name.
_NAMED = {"start_date": "the first day", "started_at": "the start"}
_FIELD = re.compile(rf"\b(?:{'|'.join(_NAMED)})\b")


def label(field: str) -> str:
    """Return what the pages call a field."""
    return LABELS.get(field) or field.removesuffix("_id").replace("_", " ")


def reworded(message: str) -> str:
    """Return a rule's message with the fields that it names as the pages call them."""
    return _FIELD.sub(lambda match: _NAMED[match[0]], message)

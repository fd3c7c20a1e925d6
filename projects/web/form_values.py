"""Values that all page forms send: the version that the form showed, and the ID of a new object."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.core.exceptions import ValidationError

MAX_DIGITS = 9  # of a version


def version(data: Mapping[str, str], name: str = "version") -> int:
    """Return the version in the field `name`. Raises ValidationError."""
    text = data.get(name, "")
    if not text.isdecimal() or len(text) > MAX_DIGITS:
        raise ValidationError("the form has no version; reload the page")
    return int(text)


def agreed_version(data: Mapping[str, str], *names: str) -> int | None:
    """Return the version that the user agreed to overwrite, from the first of these fields that is filled."""
    return next((version(data, name) for name in names if data.get(name)), None)


def fresh_id(data: Mapping[str, str]) -> uuid.UUID:
    """Return the ID that the page chose for the new object, which makes resubmission safe. Raises ValidationError."""
    try:
        return uuid.UUID(data.get("id", ""))
    except ValueError:
        raise ValidationError("the form has no ID; reload the page") from None

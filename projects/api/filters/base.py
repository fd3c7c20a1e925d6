"""What the filters of all lists share; a wrong value is an error, never ignored."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive
from drf_spectacular.utils import extend_schema_field

MAX_SEARCH_LENGTH = 1000
TRUTH = (("true", "true"), ("false", "false"))


class SinceField(forms.CharField):
    """An id of an activity, or a time in ISO 8601; one without an offset is UTC."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        if text.isascii() and text.isdigit():
            return int(text[:19])
        try:
            # A plus sign in a query string is a blank.
            time = parse_datetime(text.replace(" ", "+") if text.count(":") > 2 else text)
            if time is not None:
                return time.replace(tzinfo=UTC) if is_naive(time) else time.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise ValidationError("must be the id of an activity or a time, as 2026-01-31T12:00:00Z", code="invalid")


class SinceFilter(django_filters.Filter):  # type: ignore[misc]
    field_class = SinceField


@extend_schema_field({"type": "string", "enum": ["true", "false"], "default": "false"})
class DeletedFilter(django_filters.ChoiceFilter):  # type: ignore[misc]
    """Show what was deleted and can be restored, in place of the living."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=TRUTH, empty_label=None, **kwargs)

    def filter(self, qs: Any, value: str) -> Any:
        return qs.deleted() if value == "true" else qs.living()

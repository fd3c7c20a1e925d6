"""Filters and form fields for all lists; a wrong value is an error."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive
from drf_spectacular.drainage import set_override
from drf_spectacular.utils import extend_schema_field

MAX_SEARCH_LENGTH = 1000
TRUTH = (("true", "true"), ("false", "false"))


class SinceField(forms.CharField):
    """The id of an activity, or a time in ISO 8601. A time without an offset is UTC."""

    wanted = "the id of an activity or a time, as 2026-01-31T12:00:00Z"

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        if text.isascii() and text.isdigit():
            return self.read_number(int(text[:19]))
        try:
            # A query string decodes a plus sign as a space.
            time = parse_datetime(text.replace(" ", "+") if text.count(":") > 2 else text)
            if time is not None:
                return time.replace(tzinfo=UTC) if is_naive(time) else time.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise ValidationError(f"must be {self.wanted}", code="invalid")

    def read_number(self, number: int) -> Any:
        """Return the value of a bare number."""
        return number


class SinceFilter(django_filters.Filter):  # type: ignore[misc]
    field_class = SinceField


class MomentField(SinceField):
    """A time in ISO 8601, or in whole seconds since 1970."""

    wanted = "a time, as 2026-01-31T12:00:00Z or in whole seconds since 1970"

    def read_number(self, number: int) -> datetime:
        try:
            return datetime.fromtimestamp(number, UTC)
        except (ValueError, OverflowError, OSError):
            raise ValidationError(f"must be {self.wanted}", code="invalid") from None


class WordsInput(forms.TextInput):
    """A parameter that may be repeated; each value is a list separated by commas."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        texts = data.getlist(name) if hasattr(data, "getlist") else data.get(name) or []
        return [word.strip() for text in texts for word in text.split(",") if word.strip()]


class WordsField(forms.MultipleChoiceField):
    widget = WordsInput
    default_error_messages = {"invalid_choice": "%(value)s is not one of the choices"}

    def validate(self, value: Any) -> None:
        known = [name for name, _ in self.choices]  # type: ignore[misc,union-attr]
        for word in value:
            if word not in known:
                # Pass the word in `params`: the message is a format string, in which a % of the word would be an error.
                params = {"word": word, "known": ", ".join(known)}
                raise ValidationError("%(word)r is not one of %(known)s", code="invalid_choice", params=params)


class WordsFilter(django_filters.Filter):  # type: ignore[misc]
    """Narrow to rows whose value is one of several words, repeated or with commas."""

    field_class = WordsField

    def __init__(self, choices: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(choices=choices, lookup_expr="in", **kwargs)
        items = {"type": "string", "enum": [name for name, _ in choices]}
        set_override(self, "field", {"type": "array", "items": items})

    def filter(self, qs: Any, value: list[str]) -> Any:
        return qs.filter(**{f"{self.field_name}__in": value}) if value else qs


@extend_schema_field({"type": "string", "enum": ["true", "false"]})
class TruthFilter(django_filters.ChoiceFilter):  # type: ignore[misc]
    """Narrow by the queryset's method `so` if true, by `otherwise` if false."""

    def __init__(self, so: str, otherwise: str, **kwargs: Any) -> None:
        super().__init__(choices=TRUTH, empty_label=None, **kwargs)
        self.methods = {"true": so, "false": otherwise}

    def filter(self, qs: Any, value: str) -> Any:
        return getattr(qs, self.methods[value])() if value else qs


@extend_schema_field({"type": "string", "enum": ["true", "false"], "default": "false"})
class DeletedFilter(django_filters.ChoiceFilter):  # type: ignore[misc]
    """Narrow to the deleted rows, which can be restored, or to the living."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=TRUTH, empty_label=None, **kwargs)

    def filter(self, qs: Any, value: str) -> Any:
        return qs.deleted() if value == "true" else qs.living()

"""Model fields for text that people and agents type: trimmed, printable, of a bounded length."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

# Not even the terminal's escape sequences may hide in a text; a lone surrogate can't be stored as UTF-8.
_NOT_IN_LINES = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LINE_END = re.compile("\r\n?")
_NOT_IN_TEXTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def check_text(text: str, *, limit: int, lines: bool = False) -> None:
    """Raise ValidationError where `text` holds a control character or more than `limit` characters."""
    wrong = (_NOT_IN_TEXTS if lines else _NOT_IN_LINES).search(text)
    if wrong:
        raise ValidationError(
            f"holds the control character U+{ord(wrong[0]):04X} at position {wrong.start()}; remove it", code="invalid"
        )
    if len(text) > limit:
        raise ValidationError(f"has {len(text)} characters; at most {limit} are allowed", code="max_length")


class _Trimmed(models.Field):  # type: ignore[type-arg]
    """`limit` names the setting that holds the most characters that are allowed."""

    lines = False

    def __init__(self, *args: Any, limit: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limit = limit
        # The length is counted after trimming, by the setting.
        self.error_messages["blank"] = "must not be blank"

    @property
    def max_characters(self) -> int:
        """The most characters that are allowed now."""
        return getattr(settings, self.limit) if self.limit else (self.max_length or 0)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not isinstance(text, str):
            return text
        # A browser sends CRLF for every line's end; unmended, each save in the admin would be a change.
        return (_LINE_END.sub("\n", text) if self.lines else text).strip()

    def run_validators(self, value: Any) -> None:
        if isinstance(value, str):
            check_text(value, limit=self.max_characters, lines=self.lines)
        super().run_validators(value)

    def deconstruct(self) -> Any:
        # Migrations see a plain field: what is allowed is a setting, not a column's property.
        name, _, args, kwargs = super().deconstruct()
        kind = "TextField" if self.lines else "CharField"
        return name, f"django.db.models.{kind}", args, kwargs


class LineField(_Trimmed, models.CharField):  # type: ignore[type-arg]
    """One line of text."""


class TextField(_Trimmed, models.TextField):  # type: ignore[type-arg]
    """Text of any number of lines; line ends are stored as a line feed."""

    lines = True


MAX_LABELS = 50
MAX_LABEL_LENGTH = 50


class LabelsField(models.JSONField):
    """A list of short names, each once in any case, in the order in which they were given; commas separate them."""

    empty_values = ()  # so that null is cleaned as well: into no label

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, list | tuple) or not all(isinstance(label, str) for label in value):
            raise ValidationError("must be a list of short names", code="names")  # "invalid" has a form's own text
        names = (name.strip() for label in value for name in label.split(","))
        found: dict[str, str] = {}
        for name in filter(None, names):
            found.setdefault(name.casefold(), name)
        return list(found.values())

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        labels = self.to_python([] if value is None else value)
        if len(labels) > MAX_LABELS:
            raise ValidationError(f"has {len(labels)} labels; at most {MAX_LABELS} are allowed", code="max_length")
        for label in labels:
            check_text(label, limit=MAX_LABEL_LENGTH)
        return labels

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

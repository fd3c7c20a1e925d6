"""Model fields for user text (trimmed, without control characters, limited in length), labels and ordering keys."""

from __future__ import annotations

import re

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from projects.loose_types import Framework
from projects.ordering_keys import MAX_LENGTH, parse

# Reject control characters (such as terminal escape sequences) and lone surrogates, which are not valid UTF-8.
_NOT_IN_LINES = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LINE_END = re.compile("\r\n?")
_NOT_IN_TEXTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def check_text(text: str, *, limit: int, lines: bool = False) -> None:
    """Raise ValidationError if `text` contains a control character or is longer than `limit` characters.

    `lines` allows tabs and line feeds.
    """
    wrong = (_NOT_IN_TEXTS if lines else _NOT_IN_LINES).search(text)
    if wrong:
        raise ValidationError(
            f"contains the control character U+{ord(wrong[0]):04X} at position {wrong.start()}; remove it",
            code="invalid",
        )
    if len(text) > limit:
        raise ValidationError(f"has {len(text)} characters; at most {limit} are allowed", code="max_length")


class _Trimmed(models.Field):  # type: ignore[type-arg]  # takes no arguments at run time
    """A trimmed text field; `limit` names the setting with the maximum number of characters."""

    lines = False

    def __init__(self, *args: Framework, limit: str = "", **kwargs: Framework) -> None:
        super().__init__(*args, **kwargs)
        self.limit = limit
        self.error_messages["blank"] = "must not be blank"

    @property
    def max_characters(self) -> int:
        """The maximum number of characters, by the current setting."""
        return getattr(settings, self.limit) if self.limit else (self.max_length or 0)

    def to_python(self, value: object) -> object:
        text = super().to_python(value)
        if not isinstance(text, str):
            return text
        # Browsers send CRLF line endings; unless normalised, every save in the admin would be a change.
        return (_LINE_END.sub("\n", text) if self.lines else text).strip()

    def run_validators(self, value: object) -> None:
        if isinstance(value, str):
            check_text(value, limit=self.max_characters, lines=self.lines)
        super().run_validators(value)

    def deconstruct(self) -> Framework:
        # Migrations get a plain field: the limit is a setting, not a property of the column.
        name, _, args, kwargs = super().deconstruct()
        kind = "TextField" if self.lines else "CharField"
        return name, f"django.db.models.{kind}", args, kwargs


class LineField(_Trimmed, models.CharField):  # type: ignore[type-arg]  # as above
    """A single line of text."""


class ReferenceField(LineField):
    """A name by which another tool knows a row; it can be part of a URL's path."""

    def run_validators(self, value: object) -> None:
        super().run_validators(value)
        if isinstance(value, str) and ("/" in value or value in (".", "..")):
            raise ValidationError("must not contain a slash, and must not be . or ..", code="invalid")


class TextField(_Trimmed, models.TextField):  # type: ignore[type-arg]  # as above
    """Multi-line text; line endings are stored as line feeds."""

    lines = True


MAX_LABELS = 50
MAX_LABEL_LENGTH = 50


class LabelsField(models.JSONField):
    """A list of labels, unique (case-insensitive) and in the given order; commas separate labels."""

    empty_values = ()  # so that clean() turns null into an empty list

    def to_python(self, value: object) -> list[str]:
        if not isinstance(value, list | tuple) or not all(isinstance(label, str) for label in value):
            raise ValidationError("must be a list of label names", code="names")  # forms replace the text of "invalid"
        names = (name.strip() for label in value for name in label.split(","))
        found: dict[str, str] = {}
        for name in filter(None, names):
            found.setdefault(name.casefold(), name)
        return list(found.values())

    def clean(self, value: object, model_instance: models.Model | None) -> list[str]:
        labels = self.to_python([] if value is None else value)
        if len(labels) > MAX_LABELS:
            raise ValidationError(f"has {len(labels)} labels; at most {MAX_LABELS} are allowed", code="max_length")
        for label in labels:
            check_text(label, limit=MAX_LABEL_LENGTH)
        return labels

    def deconstruct(self) -> Framework:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs


class LinesInput(forms.CharField):
    """A text area with an entry on each line."""

    widget = forms.Textarea(attrs={"rows": 4})

    def prepare_value(self, value: Framework) -> Framework:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Framework) -> Framework:
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]


class LinesField(models.JSONField):
    """A list of at most `most` short lines, unique (case-insensitive) and in the given order."""

    empty_values = ()  # so that clean() turns null into an empty list

    def __init__(self, *args: Framework, most: int = 0, max_line: int = 0, **kwargs: Framework) -> None:
        super().__init__(*args, **kwargs)
        self.most = most
        self.max_line = max_line

    def formfield(self, **kwargs: Framework) -> Framework:
        return models.Field.formfield(self, **{"form_class": LinesInput, **kwargs})

    def to_python(self, value: object) -> list[str]:
        if not isinstance(value, list | tuple) or not all(isinstance(line, str) for line in value):
            raise ValidationError("must be a list of texts", code="texts")  # forms replace the text of "invalid"
        return [line.strip() for line in value]

    def clean(self, value: object, model_instance: models.Model | None) -> list[str]:
        lines = self.to_python([] if value is None else value)
        if len(lines) > self.most:
            raise ValidationError(f"has {len(lines)} entries; at most {self.most} are allowed", code="max_length")
        for line in lines:
            if not line:
                raise ValidationError("contains a blank entry", code="blank")
            check_text(line, limit=self.max_line)
        if len({line.casefold() for line in lines}) < len(lines):
            raise ValidationError("contains an entry twice", code="unique")
        return lines

    def deconstruct(self) -> Framework:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs


class PositionField(models.CharField):  # type: ignore[type-arg]  # as above
    """An ordering key. SQLite compares texts by their bytes, as `ordering_keys` requires."""

    def __init__(self, *args: Framework, **kwargs: Framework) -> None:
        super().__init__(*args, **{"max_length": MAX_LENGTH, **kwargs})

    def to_python(self, value: Framework) -> str:
        try:
            if isinstance(value, str) and parse(value) and len(value) <= MAX_LENGTH:
                return value
        except ValueError:
            pass
        raise ValidationError(f"must be an ordering key of at most {MAX_LENGTH} characters, such as a0", code="key")

    def deconstruct(self) -> Framework:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

"""Labels as they are typed: words between commas; one that holds a comma or a quote stands in double quotes."""

from __future__ import annotations

import csv
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import ValidationError


class LabelsField(forms.Field):
    """A list of names on one line; how many there may be, and of which length, the model says."""

    widget = AdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(_quoted(label) for label in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        try:
            rows = list(csv.reader([value or ""], skipinitialspace=True))
        except csv.Error as error:
            raise ValidationError(f"can't be read: {error}; separate labels by commas", code="labels") from None
        return list(dict.fromkeys(label.strip() for row in rows for label in row if label.strip()))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(data) != (initial or []))


def _quoted(label: str) -> str:
    doubled = label.replace('"', '""')
    return f'"{doubled}"' if "," in label or doubled != label else label

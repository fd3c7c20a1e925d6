"""A field in which a row of another table is found by typing; what could not be chosen anyway is not offered."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect, RelatedFieldWidgetWrapper


class Chooser(AutocompleteSelect):
    """`within` narrows what is found: the search reads it from its query."""

    def __init__(self, db_field: Any, **kwargs: Any) -> None:
        super().__init__(db_field, admin.site, **kwargs)
        self.within: dict[str, str] = {}

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        # What is no id has chosen nothing; asked for, it would be an error of the database's.
        return super().optgroups(name, [one for one in value if is_uuid(str(one))], attr)

    def get_url(self) -> str:
        url = super().get_url()
        return f"{url}?{urlencode(self.within)}" if self.within else str(url)


def narrow(field: forms.Field | None, **within: object) -> None:
    """Let a field's chooser, if it has one, offer only what is within."""
    widget: Any = field.widget if field else None
    if isinstance(widget, RelatedFieldWidgetWrapper):
        widget = widget.widget
    if isinstance(widget, Chooser):
        widget.within = {name: str(value) for name, value in within.items() if value}


def is_uuid(text: str) -> bool:
    """Tell whether a text is the id of a row, whichever."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True

"""Autocomplete widget for foreign keys that offers only valid choices."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect, RelatedFieldWidgetWrapper

from projects.loose_types import Framework


class AutocompleteWidget(AutocompleteSelect):
    """An autocomplete whose `within` filters are sent as query parameters of the search."""

    def __init__(self, db_field: Framework, **kwargs: Framework) -> None:
        super().__init__(db_field, admin.site, **kwargs)
        self.within: dict[str, str] = {}

    def optgroups(self, name: str, value: Framework, attr: Framework = None) -> Framework:
        # Ignore values that are not UUIDs; the database query would fail on them.
        return super().optgroups(name, [one for one in value if is_uuid(str(one))], attr)

    def get_url(self) -> str:
        url = super().get_url()
        return f"{url}?{urlencode(self.within)}" if self.within else str(url)


def narrow(field: forms.Field | None, **within: object) -> None:
    """Set the filters of the field's chooser, if it has one."""
    widget: Framework = field.widget if field else None
    if isinstance(widget, RelatedFieldWidgetWrapper):
        widget = widget.widget
    if isinstance(widget, AutocompleteWidget):
        widget.within = {name: str(value) for name, value in within.items() if value}


def is_uuid(text: str) -> bool:
    """Return True if the text is a valid UUID."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True

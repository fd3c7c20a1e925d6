"""Forms that ask the model: what it refuses is said where it was typed, and nothing is lost."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import ValidationError
from django.db import transaction

from projects.admin import meanwhile
from projects.models.base import Entity
from projects.models.exceptions import Refused, StaleVersion

if TYPE_CHECKING:
    from projects.models import User


class _Undo(Exception):
    """Roll back what was only tried."""


class EntityForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form that knows which version it was opened with: of two edits the second is refused, with what changed.

    It then shows what the others wrote where nothing was typed, keeps what was typed, and can be sent again. Whether
    the write is allowed it finds out by the write itself, which is undone.
    """

    actor: User  # who it is for; the admin sets it
    expected_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            widget: Any = field.widget
            if isinstance(widget, AdminSplitDateTime):
                for part, name in zip(widget.widgets, ("date", "time"), strict=True):
                    part.attrs["aria-label"] = f"{field.label}, {name}"
        self.fields["expected_version"].initial = self.instance.version
        self.fields["expected_version"].required = not self.instance._state.adding

    def values(self) -> dict[str, Any]:
        """Return the entity's fields as they were typed, cleaned, by column."""
        columns = [field.attname for field in self.instance._meta.concrete_fields if field.name in self.cleaned_data]
        return {column: getattr(self.instance, column) for column in columns}

    def write(self) -> Entity:
        """Store what was typed, by the model, and return it. Raises ValidationError or Refused."""
        if self.instance._state.adding:
            made: Entity = copy.copy(self.instance)
            made.insert(actor=self.actor)
            return made
        # The form has already put its values into the instance; the model wants to see what it is changing.
        before: Entity = type(self.instance).objects.get(pk=self.instance.pk)
        expected, typed = self.cleaned_data["expected_version"], self.values()
        try:
            before.check_version(expected)
        except StaleVersion as stale:
            chosen = meanwhile.chosen(before, typed, stale.changes)
            # Sent twice, or nothing of it was touched: there is nothing to write, so nobody's change is in the way.
            if any(getattr(before, column) != value for column, value in chosen.items()):
                raise
        else:
            before.update(actor=self.actor, expected_version=expected, **typed)
        return before

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        try:
            with transaction.atomic():
                self.write()
                raise _Undo
        except _Undo:
            pass
        except StaleVersion as stale:
            self._lose(stale)
        except Refused as refusal:
            self._say(refusal.field, refusal.message)
        except ValidationError as error:
            by_field: dict[Any, Any] = error.error_dict if hasattr(error, "error_dict") else {None: error.error_list}
            for name, messages in by_field.items():
                self._say(name, messages)

    def _say(self, field: str | None, message: Any) -> None:
        name = (field or "").removesuffix("_id")
        self.add_error(name if name in self.fields else None, message)

    def _lose(self, stale: StaleVersion) -> None:
        """Say what others wrote, and make the form what it would be, had it been opened after them."""
        current, typed = stale.current, self.values()
        chosen = meanwhile.chosen(current, typed, stale.changes)
        changes = ", ".join(str(change) for change in stale.changes) or "it was changed"
        self.add_error(
            None,
            f"Nothing was saved, for meanwhile: {changes}. The form shows it; what you typed is still here. "
            "Look it through, and save again if it is still wanted.",
        )
        self.data = cast(Any, self.data).copy()
        self._show("expected_version", current.version)
        for column, author in meanwhile.authors(stale.changes).items():
            if column not in typed:
                continue
            name, theirs = current._meta.get_field(column).name, getattr(current, column)
            if column not in chosen:
                self._show(name, theirs)
            elif chosen[column] != theirs:
                self.add_error(name, f"{author} has changed it to: {self._told(name, current)}")

    def _show(self, name: str, value: Any) -> None:
        """Put a value into a field that was sent."""
        key, prepared = self.add_prefix(name), self.fields[name].prepare_value(value)
        widget: Any = self.fields[name].widget
        parts: Mapping[str, Any] = {key: prepared}
        if hasattr(widget, "decompress"):
            both = zip(widget.widgets_names, widget.decompress(prepared), strict=True)
            parts = {f"{key}{part}": value for part, value in both}
        for part, text in parts.items():
            self.data[part] = "" if text is None else text  # type: ignore[index]

    def _told(self, name: str, current: Entity) -> str:
        value = getattr(current, name)
        if isinstance(value, list):
            return ", ".join(value) or "nothing"
        return str(value) if value not in (None, "") else "nothing"

"""Forms that validate through the model: refusals appear at their field and typed values are kept."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import ValidationError
from django.db import transaction

from projects.admin import edit_conflicts
from projects.models.base import Entity
from projects.models.exceptions import Refused, StaleVersion

if TYPE_CHECKING:
    from projects.models import User


class _Undo(Exception):
    """Raised to roll back a trial write."""


class EntityForm(forms.ModelForm):  # type: ignore[type-arg]
    """A model form with optimistic locking: it refuses to overwrite changes made since it was opened.

    After a conflict it shows the others' values in untouched fields, keeps typed values and can be resubmitted.
    Validation performs the write and rolls it back.
    """

    actor: User  # the current user; set by the admin
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
        """Return the submitted, cleaned values by column."""
        columns = [field.attname for field in self.instance._meta.concrete_fields if field.name in self.cleaned_data]
        return {column: getattr(self.instance, column) for column in columns}

    def write(self) -> Entity:
        """Save the submitted values through the model and return the entity. Raises ValidationError or Refused."""
        if self.instance._state.adding:
            created: Entity = copy.copy(self.instance)
            created.insert(actor=self.actor)
            return created
        # The form has already changed self.instance; the model needs the stored state to detect changes.
        before: Entity = type(self.instance).objects.get(pk=self.instance.pk)
        expected, typed = self.cleaned_data["expected_version"], self.values()
        try:
            before.check_version(expected)
        except StaleVersion as stale:
            chosen = edit_conflicts.chosen(before, typed, stale.changes)
            # Resubmitted or untouched forms have nothing to write, so there is no conflict.
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
        """Report the others' changes and rebase the form onto the current version."""
        current, typed = stale.current, self.values()
        chosen = edit_conflicts.chosen(current, typed, stale.changes)
        changes = ", ".join(str(change) for change in stale.changes) or "it was changed"
        self.add_error(
            None,
            f"Not saved, because this changed in the meantime: {changes}. "
            "The form shows these changes and keeps what you typed. Review it and save again.",
        )
        self.data = cast(Any, self.data).copy()
        self._show("expected_version", current.version)
        for column, author in edit_conflicts.authors(stale.changes).items():
            if column not in typed:
                continue
            name, theirs = current._meta.get_field(column).name, getattr(current, column)
            if column not in chosen:
                self._show(name, theirs)
            elif chosen[column] != theirs:
                self.add_error(name, f"{author} changed it to: {self._display(name, current)}")

    def _show(self, name: str, value: Any) -> None:
        """Replace the submitted value of a field."""
        key, prepared = self.add_prefix(name), self.fields[name].prepare_value(value)
        widget: Any = self.fields[name].widget
        parts: Mapping[str, Any] = {key: prepared}
        if hasattr(widget, "decompress"):
            both = zip(widget.widgets_names, widget.decompress(prepared), strict=True)
            parts = {f"{key}{part}": value for part, value in both}
        for part, text in parts.items():
            self.data[part] = "" if text is None else text  # type: ignore[index]

    def _display(self, name: str, current: Entity) -> str:
        value = getattr(current, name)
        if isinstance(value, list):
            return ", ".join(value) or "nothing"
        return str(value) if value not in (None, "") else "nothing"

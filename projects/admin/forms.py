"""Forms that validate through the model: refusals appear at their field and typed values are kept."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import ValidationError

from projects.loose_types import Framework
from projects.models.base import Entity, Values
from projects.models.edits import own_changes
from projects.models.exceptions import Refused, StaleVersion

if TYPE_CHECKING:
    from projects.models import User

    ModelForm = forms.ModelForm[Entity]  # Django's class takes no parameter at run time
else:
    ModelForm = forms.ModelForm


class EntityForm(ModelForm):
    """A model form with optimistic locking: it refuses to overwrite changes made since it was opened.

    After a conflict it shows the others' values in untouched fields, keeps typed values and can be resubmitted.
    """

    actor: User  # the current user; set by the admin
    stored: Entity | None = None  # the entity before the form's values were set on `instance`; None for a new one
    changes: Mapping[str, Any]  # of the stored entity, by column; set by validation
    refusal: Refused | ValidationError | None = None  # of the write of this form; set by the admin
    agreed: Mapping[str, bool] = {}  # what the user agreed to override, for Entity.update
    expected_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Framework, **kwargs: Framework) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            widget: Framework = field.widget
            if isinstance(widget, AdminSplitDateTime):
                for part, name in zip(widget.widgets, ("date", "time"), strict=True):
                    part.attrs["aria-label"] = f"{field.label}, {name}"
        self.fields["expected_version"].initial = self.instance.version
        self.fields["expected_version"].required = not self.instance._state.adding

    def values(self) -> Values:
        """Return the submitted, cleaned values by column."""
        columns = [field.attname for field in self.instance._meta.concrete_fields if field.name in self.cleaned_data]
        return {column: getattr(self.instance, column) for column in columns}

    def write(self) -> None:
        """Store the valid form through the model."""
        if self.stored is None:
            self.instance.insert(actor=self.actor)
        elif self.changes:
            self.stored.update(actor=self.actor, **self.agreed, **self.changes)

    def check(self) -> None:
        """Check the model's rules. Raises ValidationError or Refused."""
        if self.stored is None:
            self.instance.validate_insert()
            return
        seen = self.cleaned_data["expected_version"]
        self.changes = own_changes(self.stored, self.values(), seen)
        # An outdated form without changes has nothing to write, so there is no conflict.
        if self.changes or self.stored.version == seen:
            self.stored.validate_update(actor=self.actor, expected_version=seen, **self.agreed, **self.changes)

    def _post_clean(self) -> None:
        if not self.instance._state.adding:
            self.stored = copy.copy(self.instance)
        super()._post_clean()  # type: ignore[misc]  # Django's hook for checks of the finished instance; not in stubs
        if self.errors:
            return
        try:
            self.check()
            if self.refusal is not None:
                raise self.refusal
        except StaleVersion as stale:
            self._report_conflict(stale)
        except Refused as refusal:
            self._report(refusal.field, refusal.message)
        except ValidationError as error:
            by_field: dict[Framework, Framework] = (
                error.error_dict if hasattr(error, "error_dict") else {None: error.error_list}
            )
            for name, messages in by_field.items():
                self._report(name, messages)

    def _report(self, field: str | None, message: Framework) -> None:
        name = (field or "").removesuffix("_id")
        self.add_error(name if name in self.fields else None, message)

    def _report_conflict(self, stale: StaleVersion) -> None:
        """Report the others' changes and rebase the form onto the current version."""
        current, typed = stale.current, self.values()
        changes = ", ".join(str(change) for change in stale.changes) or "it was changed"
        self.add_error(
            None,
            f"Not saved, because this changed in the meantime: {changes}. "
            "The form shows these changes and keeps what you typed. Review it and save again.",
        )
        self.data = cast(Framework, self.data).copy()
        self._show("expected_version", current.version)
        authors = {change["field"]: one.actor.username for one in stale.changes for change in one.changes}
        for column, author in authors.items():
            if column not in typed:
                continue
            name = current._meta.get_field(column).name
            if column in self.changes:
                self.add_error(name, f"{author} changed it to: {self._display(name, current)}")
            else:
                self._show(name, getattr(current, column))

    def _show(self, name: str, value: Framework) -> None:
        """Replace the submitted value of a field."""
        key, prepared = self.add_prefix(name), self.fields[name].prepare_value(value)
        widget: Framework = self.fields[name].widget
        parts: Mapping[str, Framework] = {key: prepared}
        data: Any = self.data  # a copy, which can be changed
        if hasattr(widget, "decompress"):
            both = zip(widget.widgets_names, widget.decompress(prepared), strict=True)
            parts = {f"{key}{part}": value for part, value in both}
        for part, text in parts.items():
            data[part] = "" if text is None else text

    def _display(self, name: str, current: Entity) -> str:
        value = getattr(current, name)
        if isinstance(value, list):
            return ", ".join(value) or "nothing"
        return str(value) if value not in (None, "") else "nothing"

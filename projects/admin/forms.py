"""Forms that ask the model: what it refuses is said where it was typed, and nothing is lost."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models, transaction

from projects.models.base import Entity
from projects.models.exceptions import Refused

if TYPE_CHECKING:
    from projects.models import User


class _Undo(Exception):
    """Roll back what was only tried."""


class EntityForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form that knows which version it was opened with: of two edits the second is refused, with what changed.

    Whether the write is allowed it finds out by the write itself, which is undone.
    """

    actor: User  # who it is for; the admin sets it
    expected_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["expected_version"].initial = self.instance.version

    def values(self) -> dict[str, Any]:
        """Return the entity's fields as they were typed, by column."""
        typed = {name: value for name, value in self.cleaned_data.items() if name != "expected_version"}
        columns = {name: self.instance._meta.get_field(name) for name in typed}
        return {
            columns[name].attname: value.pk if isinstance(value, models.Model) else value
            for name, value in typed.items()
        }

    def write(self) -> None:
        """Store what was typed, by the model. Raises ValidationError or Refused."""
        if self.instance._state.adding:
            copy.copy(self.instance).insert(actor=self.actor)
        else:
            # The form has already put its values into the instance; the model wants to see what it is changing.
            before: Entity = type(self.instance).objects.get(pk=self.instance.pk)
            before.update(actor=self.actor, expected_version=self.cleaned_data["expected_version"], **self.values())

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
        except Refused as refusal:
            self._say(refusal.field, refusal.message)
        except ValidationError as error:
            by_field: dict[Any, Any] = error.error_dict if hasattr(error, "error_dict") else {None: error.error_list}
            for name, messages in by_field.items():
                self._say(name, messages)

    def _say(self, field: str | None, message: Any) -> None:
        name = (field or "").removesuffix("_id")
        self.add_error(name if name in self.fields else None, message)

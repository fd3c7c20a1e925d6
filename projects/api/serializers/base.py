"""What the serializers of all entities share: no field is ignored, none is written by accident."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from rest_framework import serializers

from projects.models import fields
from projects.models.base import Entity
from projects.models.compiled import Kept

STAMPS = ("version", "created_at", "updated_at", "created_by", "updated_by")
EXPECTED_VERSION = "expected_version"


_FIELDS: Kept[dict[str, Any]] = Kept(64)  # by serializer; none of them is bound

# What the schema says of texts; the model's fields check it.
_LINE = r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*"
LINE = rf"^{_LINE}[^\s\u0000-\u001f\u007f-\u009f]{_LINE}$"
TEXT = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"


class StrictCharField(serializers.CharField):
    """Text; a number is not taken for one. The schema says that it matches `pattern`."""

    default_error_messages = {"invalid": "must be text", "blank": "must not be blank"}

    def __init__(self, *, pattern: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pattern = pattern

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictIntegerField(serializers.IntegerField):
    """A whole number; neither text nor truth is taken for one."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictBooleanField(serializers.BooleanField):
    """True or false; neither text nor a number is taken for one."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictMixin:
    """Refuse unknown and read-only fields by name."""

    if TYPE_CHECKING:
        fields: Any

    def every_field(self) -> Mapping[str, Any]:
        """Return all fields that there are, by name."""
        return self.fields  # type: ignore[no-any-return]

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            every = self.every_field()
            wrong = [name for name in data if name not in every or every[name].read_only]
            if wrong:
                unknown = f"is unknown; known are {', '.join(name for name in every if not every[name].read_only)}"
                raise serializers.ValidationError(
                    {str(name): "is read-only" if name in every else unknown for name in wrong}
                )
        return super().to_internal_value(data)  # type: ignore[misc]


class PickMixin:
    """Serialize only the fields that `pick` names, and read only those that data give or lack.

    `loads` names, for each field that is no column itself, the columns that it is made of, and `makes` how it is
    made of their values.
    """

    loads: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    makes: ClassVar[Mapping[str, Callable[..., Any]]] = {}

    def __init__(self, *args: Any, pick: Sequence[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pick = pick

    def every_field(self) -> Mapping[str, Any]:
        """Return all fields that there are, by name; none is bound, for they are made once of the model."""
        return _FIELDS.get_or_make(type(self), super().get_fields)  # type: ignore[misc]

    def get_fields(self) -> dict[str, Any]:
        every = self.every_field()
        names = [*every] if self.pick is None else self.pick
        given = getattr(self, "initial_data", None)
        if isinstance(given, Mapping):  # to copy and bind the others would take longer than all the rest
            names = [name for name in names if name in given or every[name].required]
        if any(isinstance(every[name], serializers.BaseSerializer) for name in names):
            return {name: copy.deepcopy(every[name]) for name in names}
        return {name: copy.copy(every[name]) for name in names}


class DeletionSerializer(StrictMixin, serializers.Serializer[Any]):
    """The body that a DELETE may have."""

    expected_version = StrictIntegerField(required=False, min_value=1)


class EntitySerializer(PickMixin, StrictMixin, serializers.ModelSerializer[Any]):
    """An entity. The rules are the model's, here are types and names."""

    of_changes: ClassVar[tuple[str, ...]] = (EXPECTED_VERSION,)  # what a creation can't say

    created_by = serializers.CharField(source="created_by.username", read_only=True, help_text="A user's name.")
    updated_by = serializers.CharField(source="updated_by.username", read_only=True, help_text="A user's name.")
    expected_version = StrictIntegerField(
        write_only=True, required=False, min_value=1, help_text="The version that the change is based on."
    )

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        fields.LineField: StrictCharField,
        fields.TextField: StrictCharField,
    }

    def build_standard_field(self, field_name: str, model_field: models.Field[Any, Any]) -> Any:
        kind, kwargs = super().build_standard_field(field_name, model_field)
        if isinstance(model_field, fields.LineField | fields.TextField):
            # The model checks it in full; this is what the schema says of it.
            kwargs["max_length"] = model_field.max_characters
            kwargs["pattern"] = TEXT if model_field.blank else LINE
        if "choices" in kwargs:
            allowed = ", ".join(value for value, _ in model_field.choices or ())
            kwargs["error_messages"] = {"invalid_choice": f"must be one of {allowed}"}
        return kind, kwargs

    def every_field(self) -> Mapping[str, Any]:
        every = super().every_field()
        if getattr(self.context.get("view"), "action", None) != "create":
            return every
        return {name: field for name, field in every.items() if name not in self.of_changes}

    def create(self, validated_data: dict[str, Any]) -> Any:
        return self.Meta.model.objects.create(**validated_data)  # type: ignore[attr-defined]

    def update(self, instance: Entity, validated_data: dict[str, Any]) -> Entity:
        instance.update(**validated_data)
        return instance

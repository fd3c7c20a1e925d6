"""The base classes of the serializers: unknown fields are refused, and the fields of an entity follow its description.

A request names another entity or a user in one of two fields, NAME and NAME_id.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from django.db import models
from rest_framework import serializers

from projects.api.row_rendering import key_of
from projects.api.serializer_fields import (
    LINE,
    TEXT,
    LabelsField,
    LinesField,
    MomentField,
    ReferenceField,
    StrictCharField,
    StrictIntegerField,
    UserIdField,
    UserNameField,
)
from projects.entities import spec
from projects.entities.registry import BY_NAME
from projects.loose_types import Framework
from projects.models import Project, fields
from projects.models.base import Entity, Values
from projects.models.prepared_queries import Kept

STAMPS = ("version", "created_at", "updated_at", "created_by", "updated_by")
EXPECTED_VERSION = "expected_version"
USER_NAME = "A user's name."

# The parameters: the value, what a request has for it, the output, and the instance; serializers mix all types.
AnyField = serializers.Field[Framework, Framework, Framework, Framework]
_FIELDS: Kept[dict[str, AnyField]] = Kept(64)  # unbound fields by serializer class


class ResponseSerializer(serializers.Serializer[Framework]):
    # Serializes plain values. Without a docstring, which the schema would use for subclasses that have none.
    pass


class StrictSerializer(serializers.Serializer[Framework]):
    """Refuse unknown and read-only fields by name."""

    def every_field(self) -> Mapping[str, AnyField]:
        """Return all fields by name, picked or not."""
        return self.fields

    def to_internal_value(self, data: Framework) -> Framework:
        if isinstance(data, Mapping):
            every = self.every_field()
            wrong = [name for name in data if name not in every or every[name].read_only]
            if wrong:
                allowed = ", ".join(name for name in every if not every[name].read_only)
                unknown = f"unknown field; allowed: {allowed}"
                raise serializers.ValidationError(
                    {str(name): "is read-only" if name in every else unknown for name in wrong}
                )
        return super().to_internal_value(data)


class PickSerializer(serializers.Serializer[Framework]):
    """Serialize only the fields that `pick` names; for a request, bind only the fields it has and the required ones.

    A field that is not a column is computed: `loads` has the columns it needs, `makes` the function that takes them.
    """

    loads: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    makes: ClassVar[Mapping[str, Callable[..., Framework]]] = {}

    def __init__(self, *args: Framework, pick: Sequence[str] | None = None, **kwargs: Framework) -> None:
        super().__init__(*args, **kwargs)
        self.pick = pick

    def every_field(self) -> Mapping[str, AnyField]:
        """Return all fields by name, unbound; they are built once per class."""
        return _FIELDS.get_or_make(type(self), super().get_fields)

    def get_fields(self) -> dict[str, AnyField]:
        every = self.every_field()
        names = [*every] if self.pick is None else self.pick
        given = getattr(self, "initial_data", None)
        if isinstance(given, Mapping):  # copying and binding the others takes most of the time
            names = [name for name in names if name in given or every[name].required]
        if any(isinstance(every[name], serializers.BaseSerializer) for name in names):
            return {name: copy.deepcopy(every[name]) for name in names}
        return {name: copy.copy(every[name]) for name in names}


class DeletionSerializer(StrictSerializer):
    """The optional body of a DELETE."""

    expected_version = StrictIntegerField(required=False, min_value=1)


class ReferencesSerializer(serializers.Serializer[Framework]):
    """Accept only one of the fields NAME and NAME_id for each name in `references` and `optional_references`.

    A creation must have one of them for each of `references`.
    """

    references: ClassVar[tuple[str, ...]] = ()
    optional_references: ClassVar[tuple[str, ...]] = ()

    def to_internal_value(self, data: Framework) -> Framework:
        for name in (*self.references, *self.optional_references) if isinstance(data, Mapping) else ():
            both = [field for field in (name, f"{name}_id") if field in data]
            if len(both) == 2:
                raise serializers.ValidationError({name: f"is the same as {name}_id; give only one of them"})
            if not both and name in self.references and not self.partial:
                raise serializers.ValidationError({name: "is required"})
        return super().to_internal_value(data)


def names_of(field: spec.Field) -> tuple[str, ...]:
    """Return the names of the API's fields for a described field, in their order."""
    if field.kind == spec.PERSON and not field.is_settable:
        return (field.name,)
    if field.kind == spec.REFERENCE and not (field.is_settable or field.shows_key):
        return (field.column,)
    if field.is_link:
        return (field.column, field.name)
    return () if field.kind == spec.SNAPSHOT else (field.name,)


def build_link(model: type[Entity], field: spec.Field, name: str) -> tuple[type[AnyField], Values]:
    """Return the class and the arguments of the serializer field `name` for a reference or a person."""
    options: Values = {"required": False} if field.is_settable else {"read_only": True}
    if model._meta.get_field(field.name).null:
        options["allow_null"] = True
    if field.kind == spec.PERSON and not field.is_settable:
        return serializers.CharField, {"source": f"{name}.username", "help_text": USER_NAME, **options}
    is_id = name == field.column
    if not is_id:
        options["source"] = field.column
    if field.kind == spec.PERSON:
        if is_id:
            return UserIdField, {"help_text": "A user's id.", **options}
        return UserNameField, {"shows": f"{name}.username", "help_text": USER_NAME, **options}
    if not (is_id or field.shows_key):
        options["write_only"] = True
    options["help_text"] = describe(field.name, BY_NAME[field.refers], key_first=not is_id)
    shows = name if is_id else f"{name}.display_key"
    return ReferenceField, {"model": Entity.by_type[field.refers], "shows": shows, **options}


def describe(name: str, entity: spec.Entity, *, key_first: bool = False) -> str:
    """Return the help text of a value that names an entity, as "The parent's id or display key."."""
    ways = ["id"]
    if entity.key:
        ways.insert(0 if key_first else 1, "key" if len(entity.key) == 1 else "display key")
    return f"The {name.replace('_', ' ')}'s {' or '.join(ways)}."


class TargetSerializer(ReferencesSerializer, StrictSerializer):
    """A request about one entity of the model `target`; its validated data has the ID as NAME_id."""

    target: ClassVar[type[Entity]]

    def __init_subclass__(cls, **kwargs: Framework) -> None:
        super().__init_subclass__(**kwargs)
        cls.references = (cls.target.entity_type,)

    def get_fields(self) -> dict[str, AnyField]:
        name, entity = self.target.entity_type, self.target.spec
        by_key = describe(name, entity, key_first=True)
        return {
            name: ReferenceField(self.target, required=False, source=f"{name}_id", help_text=by_key),
            f"{name}_id": ReferenceField(self.target, required=False, help_text=describe(name, entity)),
            **super().get_fields(),
        }


class EntitySerializer(ReferencesSerializer, PickSerializer, StrictSerializer, serializers.ModelSerializer[Framework]):
    """An entity, with a field for each field of its description. The model checks the rules.

    A subclass declares only what the description lacks. Declared fields come last, unless `places` maps them to the
    field that they follow.
    """

    _named_project: Project | None = None  # the project that the request names
    only_updates: ClassVar[tuple[str, ...]] = (EXPECTED_VERSION,)  # fields that a creation does not accept
    places: ClassVar[Mapping[str, str]] = {}

    created_by = serializers.CharField(source="created_by.username", read_only=True, help_text=USER_NAME)
    updated_by = serializers.CharField(source="updated_by.username", read_only=True, help_text=USER_NAME)
    expected_version = StrictIntegerField(
        write_only=True, required=False, min_value=1, help_text="The version that the change is based on."
    )

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        fields.LineField: StrictCharField,
        fields.TextField: StrictCharField,
        fields.LabelsField: LabelsField,
        fields.LinesField: LinesField,
    }

    class Meta:
        model: type[Entity]
        validators = ()  # the model checks uniqueness; a duplicate is a conflict

    def __init_subclass__(cls, **kwargs: Framework) -> None:
        super().__init_subclass__(**kwargs)
        model = cls.Meta.model
        links = [field for field in model.spec.fields if field.is_link and field.is_settable]
        optional = {field.name for field in links if model._meta.get_field(field.name).null}
        cls.references = tuple(field.name for field in links if field.name not in optional)
        cls.optional_references = tuple(field.name for field in links if field.name in optional)
        for field in model.spec.references:
            key = BY_NAME[field.refers].key
            if field.shows_key and field.name not in cls.loads:
                cls.loads = {**cls.loads, field.name: tuple(f"{field.name}__{column}" for column in key)}
            if field.shows_key and len(key) > 1:
                cls.makes = {**cls.makes, field.name: key_of}

    def get_field_names(self, declared_fields: Mapping[str, Framework], info: Framework) -> list[str]:
        described = (name for field in self.Meta.model.spec.fields for name in names_of(field))
        names = ["id", *described, *STAMPS, EXPECTED_VERSION]
        for name, previous in self.places.items():
            names.insert(names.index(previous) + 1, name)
        return [*names, *(name for name in declared_fields if name not in names)]

    def get_extra_kwargs(self) -> Framework:
        options = super().get_extra_kwargs()
        described = (field.name for field in self.Meta.model.spec.fields if not field.is_settable)
        for name in ("id", *described, *STAMPS):
            options.setdefault(name, {})["read_only"] = True
        for field in self.Meta.model.spec.fields:
            if field.kind == spec.NUMBER and field.is_settable:
                low, high = field.range
                options[field.name] = {"min_value": low, "max_value": high, **options.get(field.name, {})}
        return options

    def build_field(self, field_name: str, info: Framework, model_class: Framework, nested_depth: int) -> Framework:
        for field in model_class.spec.fields:
            if field.is_link and field_name in (field.name, field.column):
                return build_link(model_class, field, field_name)
        return super().build_field(field_name, info, model_class, nested_depth)

    def build_standard_field(self, field_name: str, model_field: models.Field[Framework, Framework]) -> Framework:
        kind, kwargs = super().build_standard_field(field_name, model_field)
        if isinstance(model_field, fields.LabelsField):
            return kind, {"required": False}
        if isinstance(model_field, fields.LinesField):
            return kind, {"required": False, "max_length": model_field.most, "max_line": model_field.max_line}
        if isinstance(model_field, fields.LineField | fields.TextField):
            kwargs["max_length"] = model_field.max_characters
            kwargs["pattern"] = TEXT if model_field.blank else LINE
        if "choices" in kwargs:
            allowed = ", ".join(value for value, _ in model_field.choices or ())
            kwargs["error_messages"] = {"invalid_choice": f"must be one of {allowed}"}
        elif kind is serializers.IntegerField:
            kind = StrictIntegerField
        elif kind is serializers.DateField:
            kwargs["error_messages"] = {"invalid": "must be a date such as 2026-01-31; pm also takes tomorrow and 3d"}
        elif kind is serializers.DateTimeField and model_field.editable:
            kind = MomentField
        return kind, kwargs

    def every_field(self) -> Mapping[str, AnyField]:
        every = super().every_field()
        if getattr(self.context.get("view"), "action", None) != "create":
            return every
        return {name: field for name, field in every.items() if name not in self.only_updates}

    def keep_project(self, project: Project) -> None:
        """Keep the project that the request names, so that a creation need not load it again; for ReferenceField."""
        self._named_project = project

    def create(self, validated_data: Values) -> Framework:
        # Each entity has a manager of its own type, with `objects.create(*, actor, …)`.
        manager: Framework = self.Meta.model._default_manager
        if self._named_project is not None and validated_data.get("project_id") == self._named_project.pk:
            del validated_data["project_id"]
            validated_data["project"] = self._named_project
        return manager.create(**validated_data)

    def update(self, instance: Entity, validated_data: Values) -> Entity:
        instance.update(**validated_data)
        return instance

"""How a request names another entity or a user: in one of two fields, NAME and NAME_id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import serializers

from projects.api.serializers.fields import ReferenceField, UserIdField, UserNameField
from projects.entities import spec
from projects.entities.registry import BY_NAME
from projects.models.base import Entity

USER_NAME = "A user's name."


class ReferencesMixin:
    """Accept only one of the fields NAME and NAME_id for each name in `references` and `optional_references`.

    A creation must have one of them for each of `references`.
    """

    references: ClassVar[tuple[str, ...]] = ()
    optional_references: ClassVar[tuple[str, ...]] = ()

    def to_internal_value(self, data: Any) -> Any:
        for name in (*self.references, *self.optional_references) if isinstance(data, Mapping) else ():
            both = [field for field in (name, f"{name}_id") if field in data]
            if len(both) == 2:
                raise serializers.ValidationError({name: f"is the same as {name}_id; give only one of them"})
            if not both and name in self.references and not self.partial:  # type: ignore[attr-defined]
                raise serializers.ValidationError({name: "This field is required."})
        return super().to_internal_value(data)  # type: ignore[misc]


def names_of(field: spec.Field) -> tuple[str, ...]:
    """Return the names of the API's fields for a described field, in their order."""
    if field.kind == spec.PERSON and not field.is_settable:
        return (field.name,)
    if field.kind == spec.REFERENCE and not (field.is_settable or field.shows_key):
        return (field.column,)
    if field.is_link:
        return (field.column, field.name)
    return () if field.kind == spec.SNAPSHOT else (field.name,)


def build_link(
    model: type[Entity], field: spec.Field, name: str
) -> tuple[type[serializers.Field[Any, Any, Any, Any]], dict[str, Any]]:
    """Return the class and the arguments of the serializer field `name` for a reference or a person."""
    options: dict[str, Any] = {"required": False} if field.is_settable else {"read_only": True}
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

"""How a request names another entity: by its id or its key, in one of two fields."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.fields import empty

from projects.api.serializers.base import StrictCharField
from projects.models.base import Entity, find_pk


class ReferenceField(StrictCharField):
    """Another entity, named by its id, or by its key in any case; the value is its id.

    `shows` is the path to what is shown: the id, or what people call it.
    """

    def __init__(self, model: type[Entity], *, shows: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.model = model
        self.shows = shows

    def get_attribute(self, instance: Any) -> Any:
        return functools.reduce(getattr, self.shows.split("."), instance)

    def run_validation(self, data: Any = empty) -> uuid.UUID | None:
        name: str | None = super().run_validation(data)
        if name is None:
            return None
        pk = find_pk(self.model, name)
        if pk is None:
            raise serializers.ValidationError(f"there is no {self.model.entity_type.replace('_', ' ')} {name}")
        return pk


class ReferencesMixin:
    """Each name of `references` has two fields, NAME and NAME_id: a creation needs one of them, and none takes both.

    Of `optional_references` a creation needs none.
    """

    references: ClassVar[tuple[str, ...]]
    optional_references: ClassVar[tuple[str, ...]] = ()

    def to_internal_value(self, data: Any) -> Any:
        for name in (*self.references, *self.optional_references) if isinstance(data, Mapping) else ():
            both = [field for field in (name, f"{name}_id") if field in data]
            if len(both) == 2:
                raise serializers.ValidationError({name: f"says the same as {name}_id; give one of them"})
            if not both and name in self.references and not self.partial:  # type: ignore[attr-defined]
                raise serializers.ValidationError({name: "This field is required."})
        return super().to_internal_value(data)  # type: ignore[misc]

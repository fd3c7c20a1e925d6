"""What the description and the model of an entity determine of its API: serializers, filters and the view.

A noun without rules of its own needs no module in this package.
"""

from __future__ import annotations

from functools import cache

from projects.api.filters import EntityFilterSet
from projects.api.serializers import EntitySerializer
from projects.entities import spec
from projects.entities.registry import BY_NAME
from projects.models.base import Entity


@cache
def serializer_of(model: type[Entity]) -> type[EntitySerializer]:
    """Return the serializer of one entity, described by the first line of the model's docstring."""
    meta = type("Meta", (EntitySerializer.Meta,), {"model": model})
    about = (model.__doc__ or "").partition("\n")[0]
    return type(f"{model.__name__}Serializer", (EntitySerializer,), {"Meta": meta, "__doc__": about})


@cache
def row_serializer_of(serializer: type[EntitySerializer]) -> type[EntitySerializer]:
    """Return the serializer of the rows of a list; the parameter `fields` selects their fields, so all are optional."""
    model = serializer.Meta.model
    about = f"A row of a list of {model.spec.plural.replace('_', ' ')}."
    return type(f"{model.__name__}RowSerializer", (serializer,), {"all_optional": True, "__doc__": about})


def filters_of(model: type[Entity]) -> type[EntityFilterSet]:
    """Return the filters that the description names. Raises TypeError if one of them must be declared."""
    return type(f"{model.__name__}Filter", (EntityFilterSet,), {"Meta": type("Meta", (), {"model": model})})


def owners_of(entity: spec.Entity) -> tuple[str, ...]:
    """Return the relations to what an entity belongs to, up to its project; a write needs them to check its rules."""
    paths = []
    for field in entity.references:
        if not field.null:
            above = owners_of(BY_NAME[field.refers])
            paths += [f"{field.name}__{path}" for path in above] or [field.name]
    return tuple(paths)


def methods_of(entity: spec.Entity) -> list[str]:
    """Return the HTTP methods of an entity: it has no PATCH if none of its fields ever changes."""
    changes = ["patch"] if any(field.update for field in entity.fields) else []
    return ["get", "post", *changes, "delete", "head"]

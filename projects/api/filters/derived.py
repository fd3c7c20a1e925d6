"""The filters of an entity's list, derived from its description."""

from __future__ import annotations

from typing import Any

import django_filters

from projects.api.filters.base import DeletedFilter, WordsFilter
from projects.api.filters.references import ListFilterSet, ReferenceFilter, RelativesFilter
from projects.api.serializers.references import USER_NAME, describe
from projects.entities import spec
from projects.entities.registry import BY_NAME
from projects.models import Project
from projects.models.base import Entity
from projects.models.user import MAX_NAME_LENGTH


class EntityFilterSet(ListFilterSet):
    """The filters that the entity's description names, and filters by project and by deletion.

    A subclass declares the filters that need rules of their own; a declared filter replaces a derived one.
    """

    @classmethod
    def get_filters(cls) -> dict[str, Any]:
        model: type[Entity] | None = cls._meta.model
        if model is None:
            return {}
        described = {each.name: each for each in model.spec.filters}
        names = [*described] if model is Project or "project" in described else ["project", *described]
        derived = {name: cls.declared_filters.get(name) or _derive(model, name, described.get(name)) for name in names}
        deleted = DeletedFilter(help_text="`true` lists what was deleted and can be restored.")
        return {**derived, **cls.declared_filters, "deleted": deleted}


def _derive(model: type[Entity], name: str, filter: spec.Filter | None) -> django_filters.Filter:
    """Return a filter by the field that has this name or flag. Raises TypeError if the filter must be declared."""
    field = next((field for field in model.spec.fields if name in (field.name, field.flag)), None)
    if field is None and name == "project":
        return RelativesFilter(Project, field_name="in_project", help_text=describe(name, Project.spec))
    if field is not None and field.kind == spec.REFERENCE:
        help_text = describe(name, BY_NAME[field.refers])
        return ReferenceFilter(Entity.by_type[field.refers], field_name=field.column, help_text=help_text)
    if field is not None and field.kind == spec.PERSON:
        return django_filters.CharFilter(
            field_name=f"{field.name}__username", max_length=MAX_NAME_LENGTH, help_text=USER_NAME
        )
    if field is not None and field.kind == spec.CHOICE:
        column: Any = model._meta.get_field(field.name)
        if filter is not None and filter.many:
            return WordsFilter(column.choices, field_name=field.name, help_text="Repeated or with commas.")
        return django_filters.ChoiceFilter(choices=column.choices, field_name=field.name)
    raise TypeError(f"declare the filter {name} of {model.__name__}: its description does not say how it works")

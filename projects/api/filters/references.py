from __future__ import annotations

from typing import Any, NamedTuple

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions

from projects.api.sifting import Unsearched
from projects.models.base import Entity, find_pk
from projects.models.compiled import Bound

MAX_NAME_LENGTH = 100


@extend_schema_field(OpenApiTypes.STR)
class ReferenceFilter(django_filters.CharFilter):  # type: ignore[misc] # the library has no types
    """Narrow to the rows that belong to the entity of this id or key. An unknown name is an error."""

    def __init__(self, model: type[Entity], **kwargs: Any) -> None:
        super().__init__(max_length=MAX_NAME_LENGTH, **kwargs)
        self.named = model

    def filter(self, qs: Any, value: str) -> Any:
        if not value:
            return qs
        name = next(name for name, own in self.parent.filters.items() if own is self)
        return self.narrow(qs, self.parent.refer(name, self.named, value))

    def narrow(self, qs: Any, pk: Bound) -> Any:
        """Return the rows of `qs` that belong to the entity."""
        return qs.filter(**{self.field_name: pk})


class RelativesFilter(ReferenceFilter):
    """Narrow by the queryset's method `field_name`, called with the entity's id."""

    def narrow(self, qs: Any, pk: Bound) -> Any:
        return getattr(qs, self.field_name)(pk)


class Reference(NamedTuple):
    """The entity that the value of a query parameter names."""

    name: str
    model: type[Entity]
    value: str

    def find(self) -> str:
        """Return its id as the database stores it. Raises ValidationError if there is no such entity."""
        pk = find_pk(self.model, self.value)
        if pk is None:
            noun = self.model.entity_type.replace("_", " ")
            raise exceptions.ValidationError({self.name: f"there is no {noun} {self.value}"})
        return pk.hex


class ListFilterSet(django_filters.FilterSet):  # type: ignore[misc] # the library has no types
    """Filters whose query is compiled once; the entities that it names are bound parameters, looked up each time.

    `references` are those entities. `is_lasting` is False if a filter asked the database for something that may change
    before the next request. `unsearched` is set if the words searched for are so common that the rows are searched.
    """

    unsearched: Unsearched | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.references: list[Reference] = []
        self.is_lasting = True

    def is_valid(self) -> bool:
        """Return True if every value is valid; only a text may be empty."""
        if super().is_valid():
            for name, value in self.data.items():
                is_text = type(self.form.fields.get(name, forms.CharField())) is forms.CharField
                if (value == "" and not is_text) or self.form.cleaned_data.get(name) == []:
                    self.form.add_error(name, ValidationError("must not be empty; omit it instead", code="required"))
        return bool(self.form.is_valid())

    def refer(self, name: str, model: type[Entity], value: str) -> Bound:
        """Return the parameter for the id of the entity that `value` names."""
        self.references.append(Reference(name, model, value))
        return Bound(name, model._meta.pk)

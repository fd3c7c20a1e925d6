from __future__ import annotations

import uuid
from typing import Any

import django_filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions

from projects.models.base import Entity

MAX_NAME_LENGTH = 100


@extend_schema_field(OpenApiTypes.STR)
class ReferenceFilter(django_filters.CharFilter):  # type: ignore[misc]
    """What belongs to the entity of this id or key; a name that nothing has is an error."""

    def __init__(self, model: type[Entity], **kwargs: Any) -> None:
        super().__init__(max_length=MAX_NAME_LENGTH, **kwargs)
        self.named = model

    def filter(self, qs: Any, value: str) -> Any:
        return self.narrow(qs, self._pk_of(value)) if value else qs

    def narrow(self, qs: Any, pk: uuid.UUID) -> Any:
        """Return what of `qs` belongs to the entity."""
        return qs.filter(**{self.field_name: pk})

    def _pk_of(self, value: str) -> uuid.UUID:
        found = self.named._default_manager.living().identified_by(value)  # type: ignore[attr-defined]
        pk: uuid.UUID | None = found.values_list("pk", flat=True).first()
        if pk is None:
            name = next(name for name, own in self.parent.filters.items() if own is self)
            raise exceptions.ValidationError({name: f"there is no {self.named.entity_type.replace('_', ' ')} {value}"})
        return pk


class RelativesFilter(ReferenceFilter):
    """What the queryset's method of the name `field_name` says of the entity."""

    def narrow(self, qs: Any, pk: uuid.UUID) -> Any:
        return getattr(qs, self.field_name)(pk)

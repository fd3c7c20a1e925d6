"""Describe a collection of an export file: its model, exported columns and rules between rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import models

from projects.entities.registry import BY_NAME
from projects.models import Project, User
from projects.models.base import Entity
from projects.models.fields import LabelsField

STAMPS = ("version", "created_at", "updated_at", "created_by", "updated_by")


@dataclass(frozen=True)
class Column:
    """A field of a row: its name in the file and its database column."""

    name: str
    field: models.Field[Any, Any]

    @property
    def sql(self) -> str:
        return str(self.field.column)

    @cached_property
    def kind(self) -> str:
        """Return how the value is encoded: id, user, time, date, json or plain."""
        field = self.field
        if isinstance(field, models.ForeignKey):
            return "user" if field.related_model is User else "id"
        for kind, types in (
            ("id", (models.UUIDField,)),
            ("time", (models.DateTimeField,)),
            ("date", (models.DateField,)),
            ("json", (LabelsField, models.JSONField)),
        ):
            if isinstance(field, types):
                return kind
        return "plain"


@dataclass(frozen=True)
class Table:
    """A collection. SQL aliases: `t` is the row, `p` its project, `item` and `other` the items it belongs to."""

    model: type[Entity]
    joins: str
    display_key: str  # an SQL expression
    alive: tuple[str, ...]  # aliases; the row is hidden if any of them is deleted
    fixed: tuple[str, ...] = ()  # immutable columns; a different value is an error
    unique: tuple[str, ...] = ()  # columns unique among living rows …
    unique_where: str = "1"  # … that match this condition; `{}` is the row's alias

    @property
    def collection(self) -> str:
        return self.model.spec.plural

    @cached_property
    def references(self) -> tuple[tuple[str, str], ...]:
        """Foreign key columns, each with the collection it refers to."""
        return tuple((field.column, BY_NAME[field.refers].plural) for field in self.model.spec.references)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        found = []
        for name in ("id", *self.model.spec.exported, *STAMPS):
            field = self.model._meta.get_field(name)
            if not isinstance(field, models.Field):
                raise TypeError(f"{self.collection} has no column {name}")
            found.append(Column(name, field))
        return tuple(found)

    @property
    def type(self) -> str:
        return self.model.entity_type

    @property
    def sql(self) -> str:
        return self.model._meta.db_table

    @property
    def staged(self) -> str:
        """The temporary table with the file's rows."""
        return f"temp.import_{self.collection}"

    @property
    def project(self) -> str:
        return "t.id" if self.model is Project else "p.id"

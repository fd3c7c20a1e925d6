"""What a collection of an export file is: a model, the columns of it that travel, and the rules between its rows."""

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
    """A field of a row: its name in the file, and its column."""

    name: str
    field: models.Field[Any, Any]

    @property
    def sql(self) -> str:
        return str(self.field.column)

    @cached_property
    def kind(self) -> str:
        """Say how its value is written: id, user, time, date, json or plain."""
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
    """A collection. In its SQL, `t` is the row, `p` its project, `item` and `other` the items it hangs on."""

    model: type[Entity]
    joins: str
    display_key: str  # an SQL expression
    alive: tuple[str, ...]  # whose deletion hides the row
    fixed: tuple[str, ...] = ()  # what no import changes; another value is an error
    unique: tuple[str, ...] = ()  # no two living rows agree in these …
    unique_where: str = "1"  # … among those of which this is true; `{}` stands for the row

    @property
    def collection(self) -> str:
        return self.model.spec.plural

    @cached_property
    def references(self) -> tuple[tuple[str, str], ...]:
        """The columns that refer to a row of a collection, each with that collection."""
        return tuple((field.column, BY_NAME[field.refers].plural) for field in self.model.spec.references)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        found = []
        for name in ("id", *self.model.spec.exported, *STAMPS):
            field = self.model._meta.get_field(name)
            if not isinstance(field, models.Field):
                raise TypeError(f"{name} is no column of {self.collection}")
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
        """The temporary table that holds what a file says."""
        return f"temp.import_{self.collection}"

    @property
    def project(self) -> str:
        return "t.id" if self.model is Project else "p.id"

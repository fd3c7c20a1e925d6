"""The collections of an export file: their columns, the joins from a row to its project, and rules between rows.

`projects.entities` declares which fields are exported.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from django.db import models

from projects.engine import dialect
from projects.entities.registry import BY_NAME, BY_REFERENCE, ENTITIES
from projects.loose_types import AnyField
from projects.models import Dependency, Project, Question, Sprint, SwimLane, TimeEntry, User, WorkItem
from projects.models.base import Entity
from projects.models.fields import LabelsField
from projects.models.prepared_queries import field_at
from projects.models.project import LIVING
from projects.models.project_child import MAX_KEY

SCHEMA_VERSION = 1
STAMPS = ("version", "created_at", "updated_at", "created_by", "updated_by")


@dataclass(frozen=True)
class Column:
    """A field of a row: its name in the file and its database column."""

    name: str
    field: AnyField

    @property
    def sql(self) -> str:
        return str(self.field.column)

    def select(self, alias: str) -> str:
        """Return SQL that reads the raw column: Django's converters would cost more than the query."""
        name = f'{alias}."{self.sql}"'
        return dialect.time_text(name) if self.kind in ("time", "date") else name

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
    unique_where: str = "true"  # … that match this condition; `{}` is the row's alias

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

    @cached_property
    def tracked(self) -> tuple[tuple[str, int], ...]:
        """Return (name, column index) of each exported field that the history records."""
        places = {column.name: place for place, column in enumerate(self.columns)}
        return tuple((name, places[name]) for name in self.model.tracked if name in places)

    @cached_property
    def column_names(self) -> str:
        """The exported columns, as SQL."""
        return ", ".join(f'"{column.sql}"' for column in self.columns)

    @property
    def type(self) -> str:
        return self.model.entity_type

    @property
    def sql(self) -> str:
        return self.model._meta.db_table

    @property
    def source(self) -> str:
        """The rows `t` with their joins, for a FROM clause."""
        return f"{self.sql} t {self.joins}"

    @property
    def staged_source(self) -> str:
        """The file's rows `s` with the board's rows of the same ID, and their joins."""
        return f"{self.staged} s {dialect.JOIN} {self.sql} t ON t.id = s.id {self.joins}"

    @property
    def staged(self) -> str:
        """The temporary table with the file's rows."""
        return f"{dialect.TEMP}import_{self.collection}"

    @property
    def project(self) -> str:
        return "t.id" if self.model is Project else "p.id"


_ITEM = "JOIN projects_workitem item ON item.id = t.work_item_id JOIN projects_project p ON p.id = item.project_id"
_ENDS = (
    "JOIN projects_workitem item ON item.id = t.blocking_item_id "
    "JOIN projects_workitem other ON other.id = t.blocked_item_id "
    "JOIN projects_project p ON p.id = item.project_id"
)
_PROJECT = "JOIN projects_project p ON p.id = t.project_id"
_ITEM_KEY = "p.key || '-' || item.item_number"


def _derived(model: type[Entity]) -> Table:
    """Return the table of an entity that belongs to a project or to a work item. Raises TypeError for any other."""
    entity = model.spec
    owner = entity.owner.refers if entity.owner else ""
    if owner == "project":
        key = f"substr(p.key || '/' || t.{entity.line}, 1, {MAX_KEY})"
        table = Table(model, joins=_PROJECT, display_key=key, alive=("t", "p"))
    elif owner == "work_item":
        table = Table(model, joins=_ITEM, display_key=_ITEM_KEY, alive=("t", "item", "p"))
    else:
        raise TypeError(f"declare the table of {entity.plural}: it belongs to neither a project nor a work item")
    return replace(table, fixed=entity.fixed, unique=_unique(model))


def _unique(model: type[Entity]) -> tuple[str, ...]:
    """Return the columns that are unique among living rows. Raises TypeError if only some living rows count."""
    found = [one for one in model._meta.constraints if isinstance(one, models.UniqueConstraint)]
    if not found:
        return ()
    if len(found) > 1 or found[0].condition != LIVING:
        raise TypeError(f"declare what is unique in the table of {model.spec.plural}")
    return tuple(str(field_at(model, name).column) for name in found[0].fields)


PROJECTS = Table(
    Project,
    joins="",
    display_key="t.key",
    alive=("t",),
    fixed=("key",),
    unique=("key",),
)
WORK_ITEMS = Table(
    WorkItem,
    joins=_PROJECT,
    display_key="p.key || '-' || t.item_number",
    alive=("t", "p"),
    fixed=("project_id",),
    unique=("project_id", "external_ref"),
    unique_where="{}.external_ref <> ''",
)
SPRINTS = Table(
    Sprint,
    joins=_PROJECT,
    display_key=f"substr(p.key || '/' || t.name, 1, {MAX_KEY})",
    alive=("t", "p"),
    fixed=("project_id",),
    unique=("project_id",),
    unique_where="{}.status = 'active'",
)
SWIM_LANES = Table(
    SwimLane,
    joins=_PROJECT,
    display_key="p.key || '/' || t.status_value",
    alive=("t", "p"),
    fixed=("project_id",),
    unique=("project_id", "status_value"),
)
DEPENDENCIES = Table(
    Dependency,
    joins=_ENDS,
    display_key="p.key || '-' || item.item_number || ' → ' || p.key || '-' || other.item_number",
    alive=("t", "item", "other", "p"),
    unique=("blocking_item_id", "blocked_item_id"),
)
TIME_ENTRIES = Table(
    TimeEntry,
    joins=_ITEM,
    display_key=_ITEM_KEY,
    alive=("t", "item", "p"),
    fixed=("work_item_id", "user_id"),
    unique=("user_id",),
    unique_where="{}.ended_at IS NULL",
)
QUESTIONS = Table(
    Question,
    joins=_ITEM,
    display_key=f"{_ITEM_KEY} || '.q' || t.number",
    alive=("t", "item", "p"),
    fixed=("work_item_id",),
    unique=("work_item_id", "number"),
)
# Those with rules that the description does not have; the others are derived.
_OWN = {
    table.type: table for table in (PROJECTS, WORK_ITEMS, SPRINTS, SWIM_LANES, DEPENDENCIES, TIME_ENTRIES, QUESTIONS)
}
BY_TYPE = {entity.name: _OWN.get(entity.name) or _derived(Entity.by_type[entity.name]) for entity in ENTITIES}
TABLES = tuple(BY_TYPE[entity.name] for entity in ENTITIES)  # in file order
BY_COLLECTION = {table.collection: table for table in TABLES}
IN_ORDER = tuple(BY_TYPE[entity.name] for entity in BY_REFERENCE)  # referenced collections first

"""Prepared queries: build a queryset once, cache its SQL, and run it with new parameter values.

Django takes ten times as long to build and compile a queryset as SQLite takes to answer it.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import connection
from django.db.models import Expression, Model, QuerySet

from projects.django_private import CompiledQuery, compiled_values
from projects.engine import dialect
from projects.loose_types import AnyField, AnyQuerySet, FieldValue, Framework, Json

Row = tuple[Any, ...]  # as SQLite returns it: text, integers, floats and None
T = TypeVar("T")
_backend: Framework = connection  # of ours, with more methods than Django's
M = TypeVar("M", bound=Model)


class _Place(NamedTuple):
    """A placeholder in the parameter list for a value that is given at execution time."""

    name: str


class Bound(Expression):
    """A named query parameter. Its value is given at execution time, in the database's storage format."""

    def __init__(self, name: str, field: AnyField) -> None:
        super().__init__(output_field=field)
        self.place = _Place(name)

    def as_sql(self, compiler: object, connection: object) -> tuple[str, Framework]:
        return "%s", (self.place,)


class BoundList(Bound):
    """A parameter for an `in` lookup: a JSON list of values in the database's storage format."""

    def as_sql(self, compiler: object, connection: object) -> tuple[str, Framework]:
        return dialect.values_of_list(self.output_field), (self.place,)


def bound(model: type[Model], names: Iterable[str]) -> dict[str, Bound]:
    """Return filter arguments that bind each lookup in `names` to a parameter of the same name."""
    return {name: Bound(name, field_at(model, name)) for name in names}


class Statement:
    """The compiled SQL of a `values_list` queryset; skips Django's value conversion."""

    def __init__(self, queryset: AnyQuerySet) -> None:
        self.sql, self.parameters = compiled_values(queryset)

    def rows(self, **values: FieldValue) -> list[Row]:
        """Run the query with `values` as the bound parameters; return SQLite's raw rows."""
        return _rows(self.sql, self.parameters, values) if self.sql else []


class Counts:
    """The compiled SQL that counts the rows of several `values_list` querysets in one statement."""

    def __init__(self, querysets: Iterable[AnyQuerySet]) -> None:
        counts: list[str] = []
        self.parameters: list[FieldValue] = []
        for sql, parameters in map(compiled_values, querysets):
            counts.append(f"(SELECT count(*) FROM ({sql}) rows)" if sql else "0")  # noqa: S608 -- compiled by Django
            self.parameters += parameters
        self.sql = f"SELECT {', '.join(counts)}"

    def numbers(self, **values: FieldValue) -> Row:
        """Run the query with `values` as the bound parameters; return a number for each queryset."""
        return _rows(self.sql, self.parameters, values)[0]


class Presence:
    """The compiled SQL that finds out in one statement which of several statements, by name, return rows."""

    def __init__(self, statements: Mapping[str, Statement]) -> None:
        self.names = [name for name, statement in statements.items() if statement.sql]
        kept = [statements[name] for name in self.names]
        self.sql = f"SELECT {', '.join(f'EXISTS ({statement.sql})' for statement in kept)}"
        self.parameters = [each for statement in kept for each in statement.parameters]

    def found(self, **values: FieldValue) -> set[str]:
        """Run the query with `values` as the bound parameters; return the names of the statements with rows."""
        [row] = _rows(self.sql, self.parameters, values)
        return {name for name, exists in zip(self.names, row, strict=True) if exists}


class Loading(Generic[M]):
    """The compiled SQL of a model queryset; builds model instances, including those of `select_related`."""

    def __init__(self, queryset: QuerySet[M, M]) -> None:
        self.compiled = CompiledQuery(queryset)
        self.sql, self.parameters = dialect.fixed(self.compiled.sql, self.compiled.parameters)

    def first(self, **values: FieldValue) -> M | None:
        """Run the query with `values` as the bound parameters; return the first instance, or None."""
        rows = _rows(self.sql, self.parameters, values)
        return self.compiled.instance(rows[0]) if rows else None

    def all(self, **values: FieldValue) -> list[M]:
        """Run the query with `values` as the bound parameters; return all instances."""
        return [self.compiled.instance(row) for row in _rows(self.sql, self.parameters, values)]

    def some(self, most: int) -> list[M]:
        """Run the query, which has no limit of its own; return at most so many instances."""
        rows = run(f"{self.sql} LIMIT %s", [*self.parameters, most]).fetchall()
        return [self.compiled.instance(row) for row in rows]


def run(sql: str, parameters: Sequence[FieldValue] = ()) -> Framework:
    """Run one statement without the layers of Django's cursor; return the cursor of the driver."""
    return _backend.run(sql, parameters)


def run_later(sql: str, parameters: Sequence[FieldValue]) -> Framework:
    """Run one statement, at the latest before the next one or the commit; return its cursor, see `run`.

    Call it in a transaction. Its errors may be raised by what runs it. To fetch its rows runs it.
    """
    return _backend.run_later(sql, parameters)


def _rows(sql: str, parameters: Sequence[FieldValue], values: dict[str, Json]) -> list[Row]:
    found: list[Row] = run(sql, [values[each.name] if type(each) is _Place else each for each in parameters]).fetchall()
    return found


class Kept(dict[Hashable, T]):
    """A bounded FIFO cache of at most `size` values; concurrent misses may compute a value twice."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self._lock = threading.Lock()

    def get_or_make(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the cached value for `key`; on a miss, call `make` and cache its result."""
        found = self.get(key)
        if found is None:
            found = make()
            self.keep(key, found)
        return found

    def keep(self, key: Hashable, value: T) -> None:
        """Cache `value`, evicting the oldest entries if the cache is full."""
        with self._lock:
            while len(self) >= self.size:
                del self[next(iter(self))]
            self[key] = value


def stored(value: object) -> Any:  # a parameter of Django's cursors, whose types are a long union
    """Convert a parameter value (ID, datetime, text or number) to the database's storage format."""
    if isinstance(value, datetime):
        # As Django does for times in UTC, without the way through the connection.
        return str(value)[:-6] if value.tzinfo is UTC else connection.ops.adapt_datetimefield_value(value)
    return value.hex if isinstance(value, uuid.UUID) else value


def field_at(model: type[Model], path: str) -> AnyField:
    """Return the field that the lookup `path` refers to."""
    *above, name = path.split("__")
    for step in above:
        related = model._meta.get_field(step).related_model
        if not isinstance(related, type):
            raise LookupError(f"{model.__name__}.{step} refers to no model")
        model = related
    if name == "pk":
        return model._meta.pk
    for field in model._meta.concrete_fields:
        if name in (field.name, field.attname):
            return field
    raise LookupError(f"{model.__name__} has no column {name}")

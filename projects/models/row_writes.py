"""Prepared writes: store a new row, or change one at a version, without a queryset.

Django takes several times as long to compile an INSERT or an UPDATE as SQLite takes to run it with its triggers.
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from django.db import connection, models
from django.db.models import Model

from projects.loose_types import AnyField, Framework
from projects.models.prepared_queries import field_at, run, run_later, stored

Types = frozenset[type]
# Values of these types need no conversion by the field.
_TEXTS: Types = frozenset({str, int, bool, uuid.UUID, type(None)})
_MOMENTS: Types = frozenset({datetime, type(None)})
_KINDS: tuple[tuple[type[AnyField] | tuple[type[AnyField], ...], Types], ...] = (
    (models.DateTimeField, _MOMENTS),
    ((models.CharField, models.TextField, models.IntegerField, models.BooleanField), _TEXTS),
    ((models.UUIDField, models.ForeignKey), _TEXTS),
)


class _Insertion(NamedTuple):
    """An INSERT of all columns but those that the database computes."""

    sql: str
    fields: tuple[tuple[AnyField, Types], ...]


def insert_row(instance: Model) -> None:
    """Store a new instance, at the latest before the next statement; see `run_later`.

    No signals are sent, and no field sets itself. What the database computes is read when it is used.
    """
    insertion = _insertion(type(instance))
    run_later(
        insertion.sql, [_stored(field, types, getattr(instance, field.attname)) for field, types in insertion.fields]
    )
    instance._state.adding, instance._state.db = False, connection.alias


def update_row(model: type[Model], pk: uuid.UUID, version: int, values: Mapping[str, Framework]) -> bool:
    """Set the values, by field or column, of the row with this ID if it is at this version; return True if it was."""
    columns, parameters = [], []
    for name, value in values.items():
        field, column, types = _column(model, name)
        columns.append(column)
        parameters.append(_stored(field, types, value.pk if isinstance(value, Model) else value))
    sql = f"UPDATE {_table(model)} SET {', '.join(columns)} WHERE id = %s AND version = %s"  # noqa: S608 -- names of columns
    changed: int = run(sql, [*parameters, pk.hex, version]).rowcount
    return changed > 0


def _stored(field: AnyField, types: Types, value: Framework) -> Framework:
    return stored(value) if type(value) in types else field.get_db_prep_save(value, connection)


def _types(field: AnyField) -> Types:
    return next((types for kinds, types in _KINDS if isinstance(field, kinds)), frozenset())


@functools.cache
def _insertion(model: type[Model]) -> _Insertion:
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    names = ", ".join(_quoted(field.column) for field in fields)
    sql = f"INSERT INTO {_table(model)} ({names}) VALUES ({', '.join(['%s'] * len(fields))})"  # noqa: S608 -- as above
    return _Insertion(sql, tuple((field, _types(field)) for field in fields))


@functools.cache
def _column(model: type[Model], name: str) -> tuple[AnyField, str, Types]:
    """Return the field, its assignment, and the types of values that it need not convert."""
    field: Framework = field_at(model, name)
    return field, f"{_quoted(field.column)} = %s", _types(field)


def _table(model: type[Model]) -> str:
    return _quoted(model._meta.db_table)


def _quoted(name: str | None) -> str:
    return connection.ops.quote_name(name or "")

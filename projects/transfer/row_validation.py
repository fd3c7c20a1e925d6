"""Validate each row of a file on its own and convert its values to their database form.

Limits come from the models and the descriptions; this module only converts types that JSON represents differently.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from projects.entities.spec import SNAPSHOT
from projects.entities.work_item import CLOSED
from projects.models import Label, User, row_size
from projects.models.fields import LabelsField, LinesField, PositionField
from projects.models.label import label_id
from projects.models.work_items.choices import ItemType, Status
from projects.transfer.converters import (
    Clean,
    choice,
    clean_date,
    clean_id,
    clean_snapshot,
    clean_time,
    integer,
    position,
    text,
)
from projects.transfer.exceptions import Errors
from projects.transfer.file_reader import FileRow
from projects.transfer.tables import BY_TYPE, DEPENDENCIES, QUESTIONS, SPRINTS, TIME_ENTRIES, WORK_ITEMS, Column, Table

Value = Any  # in its database form: text, a number, None or REQUIRED
REQUIRED = object()
MAX_VERSION = 500_000_000  # far below the column's limit, so later versions stay importable
# Derived values: pm exports an item's display key, the agile-board tool exports all of these.
IGNORED_FIELDS = {
    "work_items": ("display_key",),
    "swim_lanes": ("is_default",),
    "time_entries": ("duration_seconds", "is_running"),
}
SKEW = timedelta(days=1)  # tolerated difference between the clocks of two clones


def clean(table: Table, index: int, row: FileRow, errors: Errors) -> list[Value] | None:
    """Return the row's cleaned values in column order; None if one is invalid, after adding all to `errors`."""
    _check_names(table.collection, index, row, _names(table), errors)
    checks = _checks(table)
    values: dict[str, Value] = {}
    for name, check, default in checks:
        value = row.get(name)
        try:
            if value is not None:
                values[name] = check(value)
            elif default is REQUIRED:
                raise ValidationError("is missing")
            elif name in ("updated_at", "updated_by"):
                # Rows that never changed may omit these.
                values[name] = values.get(name.replace("updated", "created"))
            else:
                values[name] = default
        except ValidationError as error:
            errors.add_row(table.collection, index, row.get("id"), name, "; ".join(error.messages))
    if len(values) < len(checks):
        return None
    if table is WORK_ITEMS and values["status"] != Status.DONE:
        # Older versions kept completed_at when an item was reopened.
        values["completed_at"] = None
    contradictions = [*_contradictions(table, values), *_excess(table, values)]
    for name, reason in contradictions:
        errors.add_row(table.collection, index, row.get("id"), name, reason)
    return None if contradictions else list(values.values())


def clean_user(index: int, row: FileRow, errors: Errors) -> list[Value] | None:
    """Return the ID, username and `is_agent` of a row of `users`; None if it is invalid."""
    return _clean_fields("users", index, row, _USER, errors)


def clean_deletion(index: int, row: FileRow, errors: Errors) -> list[Value] | None:
    """Return the type, ID and time of a row of `deleted`; None if it is invalid."""
    return _clean_fields("deleted", index, row, _DELETION, errors)


def find_id(row: FileRow) -> str | None:
    """Return the row's ID in its database form; None if the row has no valid ID."""
    try:
        return clean_id(row.get("id"))
    except ValidationError:
        return None


def _clean_fields(
    collection: str, index: int, row: FileRow, checks: dict[str, Clean], errors: Errors
) -> list[Value] | None:
    _check_names(collection, index, row, tuple(checks), errors)
    values = []
    for name, check in checks.items():
        try:
            values.append(check(row.get(name)))
        except ValidationError as error:
            errors.add_row(collection, index, row.get("id"), name, "; ".join(error.messages))
    return values if len(values) == len(checks) else None


def _username(value: object) -> str:
    if not isinstance(value, str):
        raise ValidationError("must be text")
    return User.objects.clean_name(value)


_USER: dict[str, Clean] = {"id": clean_id, "username": _username, "is_agent": lambda value: value is True}
_DELETION: dict[str, Clean] = {"type": choice(dict.fromkeys(BY_TYPE)), "id": clean_id, "deleted_at": clean_time}


def _check_names(collection: str, index: int, row: FileRow, allowed: tuple[str, ...], errors: Errors) -> None:
    accepted = _accepted(collection, allowed)
    if not row.keys() <= accepted:
        errors.add_unknown(collection, index, row.get("id"), [name for name in row if name not in accepted], allowed)


@cache
def _accepted(collection: str, allowed: tuple[str, ...]) -> frozenset[str]:
    return frozenset((*allowed, *IGNORED_FIELDS.get(collection, ())))


@cache
def _names(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns)


@cache
def _checks(table: Table) -> tuple[tuple[str, Clean, Value], ...]:
    return tuple((column.name, _check_of(table, column), _default_of(column)) for column in table.columns)


def _check_of(table: Table, column: Column) -> Clean:
    field = column.field
    if column.kind in ("id", "user"):
        return clean_id
    if column.kind == "time":
        return clean_time
    if column.kind == "date":
        return clean_date
    if isinstance(field, LabelsField | LinesField):
        return lambda value: json.dumps(field.clean(value, None))
    if column.kind == "json":
        return clean_snapshot
    if isinstance(field, PositionField):
        return position(field)
    if isinstance(field, models.IntegerField):
        if column.name == "version":
            return integer(1, MAX_VERSION)
        return integer(*table.model.spec.field(column.name).range)
    if field.choices:
        return choice(dict(field.flatchoices))
    return text(field)


def _default_of(column: Column) -> Value:
    field = column.field
    if column.name == "version":
        return 1
    if column.name in ("updated_at", "updated_by") or field.null:
        return None
    if isinstance(field, PositionField):
        return 0.0  # where earlier versions put it
    if column.name == "id" or not field.has_default():
        return REQUIRED
    default = field.get_default()
    if isinstance(default, models.TextChoices):
        return default.value
    return json.dumps(default) if column.kind == "json" else default


def _excess(table: Table, row: FileRow) -> Iterator[tuple[str, str]]:
    """Yield (field, reason) if the texts of the row are too long together."""
    long = {name: row[name] for name in table.model.long_columns}
    if sum(len(value or "") for value in long.values()) * row_size.LONGEST <= row_size.MAX_BYTES:
        return
    try:
        row_size.check({**long, **{name: json.loads(long[name] or "null") for name in _snapshots(table)}})
    except ValidationError as error:
        for name, reasons in error.message_dict.items():
            yield name, "; ".join(reasons)


@cache
def _snapshots(table: Table) -> tuple[str, ...]:
    return tuple(field.column for field in table.model.spec.travelling if field.kind == SNAPSHOT)


def _contradictions(table: Table, row: FileRow) -> Iterator[tuple[str, str]]:
    """Yield (field, reason) for values of the row that contradict each other."""
    if table is WORK_ITEMS:
        if row["item_type"] == ItemType.EPIC and row["parent_id"]:
            yield "parent_id", "an epic has no parent"
        if row["item_type"] == ItemType.EPIC and row["sprint_id"]:
            yield "sprint_id", "an epic can't be in a sprint"
        if row["close_reason"] and row["status"] not in CLOSED:
            yield "close_reason", "only a done or cancelled item has one"
    elif table is SPRINTS:
        if row["end_date"] <= row["start_date"]:
            yield "end_date", "must be after start_date"
    elif table is DEPENDENCIES:
        if row["blocking_item_id"] == row["blocked_item_id"]:
            yield "blocked_item_id", "an item can't depend on itself"
    elif table is QUESTIONS:
        if row["status"] == "open" and (row["answer"] or row["answered_by_id"]):
            yield "status", "a question with an answer is not open"
        if not row["text"]:
            yield "text", "must not be blank"
    elif table.model is Label:
        if "," in row["name"] or row["id"] != label_id(uuid.UUID(row["project_id"]), row["name"]).hex:
            yield "id", "is not that of a label with this name in this project"
    elif table is TIME_ENTRIES:
        latest = str((timezone.now() + SKEW).replace(tzinfo=None))
        for name in ("started_at", "ended_at"):
            if row[name] and row[name] > latest:
                yield name, "must not be in the future"
        # Timers may exceed the limit for manual entries and may have zero length.
        if row["ended_at"] and row["ended_at"] < row["started_at"]:
            yield "ended_at", "must not be before started_at"

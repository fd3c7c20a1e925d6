"""Validate each row of a file on its own and convert its values to their database form.

Limits come from the models; this module only converts types that JSON represents differently.
"""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from projects.models import Project, SwimLane, WorkItem
from projects.models.fields import LabelsField
from projects.models.project import MAX_NUMBER
from projects.models.swim_lane import MAX_WIP_LIMIT
from projects.models.work_items.choices import MAX_POINTS, Status
from projects.transfer.converters import (
    Clean,
    choice,
    clean_date,
    clean_id,
    clean_number,
    clean_snapshot,
    clean_time,
    integer,
    text,
)
from projects.transfer.exceptions import bad_row
from projects.transfer.tables import DEPENDENCIES, SPRINTS, TIME_ENTRIES, WORK_ITEMS, Column, Table

REQUIRED = object()
MAX_INTEGER = 2_147_483_647
MAX_VERSION = 500_000_000  # far below MAX_INTEGER, so later changes stay importable by other boards
SKEW = timedelta(days=1)  # tolerated difference between the clocks of two clones
LIMITS: dict[tuple[type[models.Model], str], tuple[int, int]] = {
    (Project, "next_work_item_number"): (1, MAX_NUMBER + 1),
    (WorkItem, "item_number"): (1, MAX_NUMBER),
    (WorkItem, "story_points"): (0, MAX_POINTS),
    (SwimLane, "wip_limit"): (1, MAX_WIP_LIMIT),
}


def clean(table: Table, index: int, row: dict[str, Any]) -> list[Any]:
    """Return the row's cleaned values in column order. Raises BadFile."""
    values: list[Any] = []
    for name, check, default in _checks(table):
        value = row.get(name)
        try:
            if value is not None:
                values.append(check(value))
            elif default is REQUIRED:
                raise ValidationError("is missing")
            else:
                values.append(_of_other(table, name, values) if name in ("updated_at", "updated_by") else default)
        except ValidationError as error:
            raise bad_row(table.collection, index, row.get("id"), name, "; ".join(error.messages)) from None
    names = [column.name for column in table.columns]
    if table is WORK_ITEMS and values[names.index("status")] != Status.DONE:
        # Older versions kept completed_at when an item was reopened.
        values[names.index("completed_at")] = None
    fault = _fault(table, dict(zip(names, values, strict=True)))
    if fault:
        raise bad_row(table.collection, index, row.get("id"), *fault)
    return values


@cache
def _checks(table: Table) -> tuple[tuple[str, Clean, Any], ...]:
    return tuple((column.name, _check_of(table, column), _default_of(column)) for column in table.columns)


def _check_of(table: Table, column: Column) -> Clean:
    field = column.field
    if column.kind in ("id", "user"):
        return clean_id
    if column.kind == "time":
        return clean_time
    if column.kind == "date":
        return clean_date
    if isinstance(field, LabelsField):
        return lambda value: json.dumps(field.clean(value, None))
    if column.kind == "json":
        return clean_snapshot
    if isinstance(field, models.FloatField):
        return clean_number
    if isinstance(field, models.IntegerField):
        if column.name == "version":
            return integer(1, MAX_VERSION)
        return integer(*LIMITS.get((table.model, column.name), (0, MAX_INTEGER)))
    if field.choices:
        return choice(dict(field.flatchoices))
    return text(field)


def _default_of(column: Column) -> Any:
    field = column.field
    if column.name == "version":
        return 1
    if column.name in ("updated_at", "updated_by") or field.null:
        return None
    if column.name == "id" or not field.has_default():
        return REQUIRED
    default = field.get_default()
    if isinstance(default, models.TextChoices):
        return default.value
    return json.dumps(default) if column.kind == "json" else default


def _of_other(table: Table, name: str, values: list[Any]) -> Any:
    """Return the matching `created_*` value: rows that never changed may omit `updated_at` and `updated_by`."""
    names = [column.name for column in table.columns]
    return values[names.index(name.replace("updated", "created"))]


def _fault(table: Table, row: dict[str, Any]) -> tuple[str, str] | None:
    """Return (field, reason) if the row's values contradict each other, else None."""
    if table is WORK_ITEMS:
        if row["item_type"] == "epic":
            if row["parent_id"]:
                return "parent_id", "an epic has no parent"
            if row["sprint_id"]:
                return "sprint_id", "only stories and tasks can be in a sprint"
    elif table is SPRINTS:
        if row["end_date"] <= row["start_date"]:
            return "end_date", "must be after start_date"
    elif table is DEPENDENCIES:
        if row["blocking_item_id"] == row["blocked_item_id"]:
            return "blocked_item_id", "an item can't depend on itself"
    elif table is TIME_ENTRIES:
        latest = str((timezone.now() + SKEW).replace(tzinfo=None))
        for name in ("started_at", "ended_at"):
            if row[name] and row[name] > latest:
                return name, "must not be in the future"
        # Timers may exceed the limit for manual entries and may have zero length.
        if row["ended_at"] and row["ended_at"] < row["started_at"]:
            return "ended_at", "must not be before started_at"
    return None

"""Three-way comparison for forms: opened version, submitted values, current version."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from projects.models import Activity
from projects.models.base import Entity


def chosen(entity: Entity, typed: Mapping[str, Any], changes: Iterable[Activity]) -> dict[str, Any]:
    """Return the values in `typed` (by column) that differ from the version with which the form was opened.

    That version is the current entity with `changes`, oldest first, reverted.
    """
    opened: dict[str, Any] = {}
    for activity in changes:
        for change in activity.changes:
            opened.setdefault(change["field"], change["old"])
    return {
        column: value
        for column, value in typed.items()
        if _stored(value) != opened.get(column, _stored(getattr(entity, column)))
    }


def authors(changes: Iterable[Activity]) -> dict[str, str]:
    """Return the username of the last author per column."""
    return {change["field"]: activity.actor.username for activity in changes for change in activity.changes}


def _stored(value: Any) -> Any:
    """Return the value in the form in which activity stores it."""
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))

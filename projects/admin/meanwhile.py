"""What happened to an entity while somebody had its form open."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from projects.models import Activity
from projects.models.base import Entity


def chosen(entity: Entity, typed: Mapping[str, Any], changes: Iterable[Activity]) -> dict[str, Any]:
    """Return what of `typed`, values by column, is not what the form was opened with.

    That is what the entity holds now, with `changes`, oldest first, taken back.
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
    """Return who changed each field last, by column."""
    return {change["field"]: activity.actor.username for activity in changes for change in activity.changes}


def _stored(value: Any) -> Any:
    """Return a value as the activity holds it."""
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))

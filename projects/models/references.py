"""The objects that the IDs in the activity refer to."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable

from django.db import models

from projects.entities.registry import REFERS
from projects.loose_types import Json
from projects.models.activity import Activity
from projects.models.base import Entity
from projects.models.prepared_queries import BoundList, Loading
from projects.models.user import User


@functools.cache
def referenced_models() -> dict[str, type[models.Model]]:
    """Return the model that each ID column of a change refers to."""
    return {column: User if name == "user" else Entity.by_type[name] for column, name in REFERS.items()}


def referenced_objects(rows: Iterable[Activity]) -> dict[str, Json]:
    """Return the objects that the changes refer to, by ID as text; deleted ones too. One query per model."""
    wanted: dict[type[models.Model], set[str]] = {}
    for row in rows:
        for change in row.changes:
            if model := referenced_models().get(change["field"]):
                values = [value for value in (change["old"], change["new"]) if isinstance(value, str)]
                if values:
                    wanted.setdefault(model, set()).update(values)
    return {
        str(each.pk): each
        for model, ids in wanted.items()
        for each in _named(model).all(ids=json.dumps([value.replace("-", "") for value in ids]))
    }


@functools.cache
def _named(model: type[models.Model]) -> Loading[models.Model]:
    """Return the query for the objects with these IDs, a JSON list."""
    objects = model._base_manager.filter(pk__in=BoundList("ids", model._meta.pk))
    if "project" in {field.name for field in model._meta.fields}:
        objects = objects.select_related("project").defer(*_long(model))
    return Loading(objects)


def _long(model: type[models.Model]) -> list[str]:
    """Return the columns that can be long and that a name does not need."""
    return [field.name for field in model._meta.fields if isinstance(field, models.TextField | models.JSONField)]

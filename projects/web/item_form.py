"""What people may choose and type for a field of an item, and the value that it means."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import QueryDict

from projects.entities import spec
from projects.entities.work_item import WORK_ITEM
from projects.loose_types import FieldValue
from projects.models import Sprint, User, WorkItem
from projects.models.base import Entity
from projects.models.work_items.choices import ItemType
from projects.models.work_items.hierarchy import PARENTS
from projects.web.item_lookup import resolve

OFFERED = 200  # parents suggested; others can be entered by key or words
OPEN = ("planned", "active")
MAX_DIGITS = 10


def child_types(item: WorkItem) -> list[tuple[str, str]]:
    """Return the types that a child of the item can have, the usual one first."""
    below = [kind for kind in ItemType.choices if item.item_type in PARENTS[kind[0]]]
    return sorted(below, key=lambda kind: kind[0] != ItemType.TASK)


def parents(item: WorkItem) -> list[tuple[int, str]]:
    """Return (number, title) of the open items that may be the item's parent."""
    if not PARENTS[item.item_type]:
        return []
    above = WorkItem.objects.living().filter(project=item.project, item_type__in=PARENTS[item.item_type]).unfinished()
    return list(above.order_by("item_type", "position").values_list("item_number", "title")[:OFFERED])


def references(item: WorkItem, field: spec.Field) -> list[tuple[str, str]]:
    """Return (value, name) of the rows that the field can refer to."""
    return [(str(row.pk), _name(row)) for row in _offered(item, field)]


def _offered(item: WorkItem, field: spec.Field) -> QuerySet[Entity]:
    """Return the rows of the project that the item can refer to, and the one that it refers to now."""
    model = Entity.by_type[field.refers]
    free = Q(project=item.project, deleted_at=None) & (Q(status__in=OPEN) if model is Sprint else Q())
    return model._base_manager.filter(free | Q(pk=getattr(item, field.column))).order_by(f"-{model.spec.ordering[0]}")


def _name(row: Entity) -> str:
    return f"{row} ({row.status})" if isinstance(row, Sprint) and row.status != "planned" else str(row)


def values(item: WorkItem, data: QueryDict) -> dict[str, FieldValue]:
    """Return the values of the columns whose fields are in `data`; only labels can have several.

    `new_user` creates an unknown assignee, as a person. Raises ValidationError.
    """
    return {
        field.column: data.getlist(field.name) if field.kind == spec.LABELS else _value(item, field, data)
        for field in WORK_ITEM.fields
        if field.update and field.name in data
    }


def _person(field: spec.Field, name: str, *, creates: bool) -> uuid.UUID:
    try:
        return (User.objects.actor(name, is_agent=False) if creates else User.objects.known(name)).pk
    except ValidationError as error:
        raise ValidationError({field.name: error}) from None


def _value(item: WorkItem, field: spec.Field, data: QueryDict) -> FieldValue:
    """Return the value that was chosen or typed; the model checks its rules."""
    text = data.get(field.name, "")
    if field.kind in (spec.LINE, spec.TEXT, spec.CHOICE):
        return text
    text = text.strip()
    if not text:
        return None
    if field.kind == spec.PERSON:
        return _person(field, text, creates=bool(data.get("new_user")))
    if field.kind == spec.NUMBER:
        return _number(field, text)
    if field.name == "parent":
        return _parent(item, text)
    return _target(item, field, text) if field.kind == spec.REFERENCE else text


def _number(field: spec.Field, text: str) -> int:
    if not text.isdecimal() or len(text) > MAX_DIGITS:
        low, high = field.range
        raise ValidationError({field.name: f"must be empty or a whole number from {low} to {high}"})
    return int(text)


def _target(item: WorkItem, field: spec.Field, text: str) -> uuid.UUID:
    now: uuid.UUID | None = getattr(item, field.column)
    if now is not None and text == str(now):  # unchanged; it may be deleted by now
        return now
    rows: Any = Entity.by_type[field.refers]._default_manager  # a manager's type lacks the queryset's methods
    found: Entity | None = rows.living().filter(project=item.project).identified_by(text).first()
    if found is None:
        raise ValidationError({field.name: f"this {field.name.replace('_', ' ')} no longer exists"})
    return found.pk


def _parent(item: WorkItem, text: str) -> uuid.UUID | None:
    if item.parent is not None and text == item.parent_key:  # unchanged; it may be deleted by now
        return item.parent_id
    return resolve(item.project, text, field="parent", without=(item.display_key,), types=PARENTS[item.item_type]).pk

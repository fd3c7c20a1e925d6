"""The forms of the item page: their choices, and applying submitted data."""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import QueryDict

from projects.entities import spec
from projects.entities.work_item import STATUS_NAMES, WORK_ITEM
from projects.loose_types import FieldValue
from projects.models import ItemLabel, Sprint, User, WorkItem
from projects.models.base import Entity
from projects.models.edits import edit
from projects.models.prepared_queries import field_at
from projects.models.work_items.choices import ItemType
from projects.models.work_items.hierarchy import PARENTS
from projects.web.field_labels import label
from projects.web.form_values import agreed_version, version
from projects.web.item_lookup import resolve

# Fields with a control of their own in the templates. Every other field that an update takes has a plain one.
TEXTS = ("item_type", "title", "description", "status", "close_reason")
OWN = (*TEXTS, "assignee", "parent", "labels")
PLAIN = tuple(field for field in WORK_ITEM.fields if field.update and field.name not in OWN)
OFFERED = 200  # parents suggested; others can be entered by key or words
OPEN = ("planned", "active")
ENDING = ("unclaim", "take_over")  # buttons that end a claim
MAX_DIGITS = 10


class Control(NamedTuple):
    """A plain control of the item page: a select if it has `options` (value, name), else an input."""

    name: str
    label: str
    kind: str
    value: str
    options: list[tuple[str, str]]
    warning: str


def choices(item: WorkItem) -> dict[str, FieldValue]:
    """Return the choices of the fields, with a constant number of queries."""
    labels = ItemLabel.objects.filter(work_item__project=item.project, work_item__deleted_at=None)
    is_epic = item.item_type == ItemType.EPIC
    below = [kind for kind in ItemType.choices if item.item_type in PARENTS[kind[0]]]
    return {
        "statuses": STATUS_NAMES.items(),
        "controls": [_control(item, field) for field in PLAIN if field.name != "sprint" or not is_epic],
        "types": ItemType.choices,
        "child_types": sorted(below, key=lambda kind: kind[0] != ItemType.TASK),
        "parents": parents(item),
        "people": User.objects.filter(is_active=True).order_by("username").values_list("username", "is_agent"),
        "labels": labels.order_by("name").values_list("name", flat=True).distinct(),
    }


def parents(item: WorkItem) -> list[tuple[int, str]]:
    """Return (number, title) of the open items that may be the item's parent."""
    if not PARENTS[item.item_type]:
        return []
    above = WorkItem.objects.living().filter(project=item.project, item_type__in=PARENTS[item.item_type]).unfinished()
    return list(above.order_by("item_type", "position").values_list("item_number", "title")[:OFFERED])


def references(item: WorkItem, field: spec.Field) -> list[tuple[str, str]]:
    """Return (value, name) of the rows that the field can refer to."""
    return [(str(row.pk), _name(row)) for row in _offered(item, field)]


def _control(item: WorkItem, field: spec.Field) -> Control:
    value, options = getattr(item, field.column), []
    if field.kind == spec.CHOICE:
        options = list(field_at(WorkItem, field.name).flatchoices)
    elif field.kind == spec.REFERENCE:
        options = [("", "none"), *references(item, field)]
    text = "" if value is None else str(value)
    warning = "overdue" if field.name == "due_date" and item.is_overdue else ""
    return Control(field.name, label(field.name).capitalize(), field.kind, text, options, warning)


def _offered(item: WorkItem, field: spec.Field) -> QuerySet[Entity]:
    """Return the rows of the project that the item can refer to, and the one that it refers to now."""
    model = Entity.by_type[field.refers]
    free = Q(project=item.project, deleted_at=None) & (Q(status__in=OPEN) if model is Sprint else Q())
    return model._base_manager.filter(free | Q(pk=getattr(item, field.column))).order_by(f"-{model.spec.ordering[0]}")


def _name(row: Entity) -> str:
    return f"{row} ({row.status})" if isinstance(row, Sprint) and row.status != "planned" else str(row)


def save(item: WorkItem, data: QueryDict, *, actor: User) -> bool:
    """Apply the fields of `item` that the form changed; return True if anything changed.

    Missing fields are left unchanged. `version` is the version the form showed, `anyway` the later version that the
    user agreed to overwrite. `force` completes the item despite open children and blockers and ends its claim;
    `unclaim` only does the latter, and `take_over` also assigns it to the user. `new_user` creates an unknown assignee,
    as a person. Raises ValidationError or Refused.
    """
    seen, anyway = version(data), agreed_version(data, "anyway", "force", *ENDING)
    agreed = {"force": bool(data.get("force")), "unclaim": any(data.get(name) for name in ENDING)}
    return edit(item, values(item, data, actor), actor=actor, seen=seen, anyway=anyway, **agreed)


def values(item: WorkItem, data: QueryDict, actor: User) -> dict[str, FieldValue]:
    """Return the values of the columns whose fields are in `data`. Raises ValidationError."""
    typed = {name: data.get(name, "") for name in data}  # only labels can have several values
    found: dict[str, FieldValue] = {name: typed[name] for name in TEXTS if name in typed}
    found |= {field.column: _value(item, field, typed[field.name]) for field in PLAIN if field.name in typed}
    if "take" in typed or typed.get("take_over"):
        found["assignee_id"] = actor.pk
    elif "assignee" in typed:
        found["assignee_id"] = _assignee(typed["assignee"], creates=bool(typed.get("new_user")))
    if "parent" in typed:
        found["parent_id"] = _parent(item, typed["parent"].strip())
    if "more_labels" in typed:
        found["labels"] = [*data.getlist("label"), typed["more_labels"]]
    return found


def _assignee(name: str, *, creates: bool) -> uuid.UUID | None:
    if not name.strip():
        return None
    try:
        return (User.objects.actor(name, is_agent=False) if creates else User.objects.known(name)).pk
    except ValidationError as error:
        raise ValidationError({"assignee": error}) from None


def _value(item: WorkItem, field: spec.Field, text: str) -> FieldValue:
    """Return the value that was typed into a plain control; the model checks its rules."""
    if field.kind in (spec.LINE, spec.TEXT, spec.CHOICE):
        return text
    text = text.strip()
    if not text:
        return None
    if field.kind == spec.NUMBER:
        return _number(field, text)
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
    if not text:
        return None
    if item.parent is not None and text == item.parent_key:  # unchanged; it may be deleted by now
        return item.parent_id
    return resolve(item.project, text, field="parent", without=(item.display_key,), types=PARENTS[item.item_type]).pk

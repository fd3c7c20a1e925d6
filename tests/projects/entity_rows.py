"""Rows of any entity, made from its description, so that tests of all entities need no list of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from projects.entities import spec
from projects.entities.registry import BY_REFERENCE
from projects.entities.work_item import CLOSED
from projects.models import Project, User, WorkItem
from projects.models.base import Entity
from projects.models.exceptions import Refused

CHANGE_THEIR_ITEM = ("review", "waiver")  # each row gets an item of its own
# Two values of each line of text that is a list of known words.
LISTED = {
    "item_types": ("bug,chore", "chore"),
    "filters": ("type=bug", "type=bug&status=todo,review"),
    "sort": ("-due", "title"),
    "columns": ("status,due", "points"),
}
FILES = ("attachment",)  # each row gets the content of a file
PNG = b"\x89PNG\r\n\x1a\n"  # what a picture begins with
OF_ITS_OWN = "An item of its own"
NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)


def sample(field: spec.Field, place: int = 0, text: str = "CHANGED") -> Any:
    """Return a value for the field; later places get later times. A reference gets the first living row."""
    if field.name in LISTED:
        return LISTED[field.name][0]
    match field.kind:
        case spec.LINE | spec.TEXT:
            return text
        case spec.CHOICE:
            return field.choices[-1]
        case spec.NUMBER:
            return 7
        case spec.DAY:
            return date(2026, 3, 1) + timedelta(days=place)
        case spec.MOMENT if field.name == "default_at":
            return (timezone.now() + timedelta(hours=1)).replace(microsecond=0)
        case spec.MOMENT:
            return NINE + timedelta(hours=place)
        case spec.LABELS:
            return ["bug", "two words"]
        case spec.LINES:
            return [text, "none of these"]
        case spec.PERSON:
            return User.objects.actor("bob").pk
        case spec.REFERENCE:
            rows = rows_of(Entity.by_type[field.refers]).living()
            if field.refers == "work_item":  # a late one: tests change and close the first
                rows = rows.exclude(status__in=CLOSED).order_by("-pk")
            return rows.values_list("pk", flat=True).first()
    raise AssertionError(f"no value for {field.name}")


def rows_of(model: type[Entity]) -> Any:
    """Return the rows of a model: a manager's type does not say that it has the queryset's methods."""
    return model._default_manager.order_by("pk")


def make_row(entity: spec.Entity, actor: User, text: str = "CHANGED") -> Any:
    """Create a row with a value for each field that a creation takes, or that has no other."""
    model = Entity.by_type[entity.name]
    values = {
        field.column: sample(field, place, text)
        for place, field in enumerate(entity.fields)
        if field.create or field is entity.owner or _is_needed(model, field)
    }
    if entity.name in CHANGE_THEIR_ITEM:
        project = rows_of(Project).living().filter(status="active").order_by("-key").first()
        values["work_item_id"] = WorkItem.objects.create(
            actor=actor, project=project, title=OF_ITS_OWN, item_type="task"
        ).pk
    if entity.name in FILES:
        values["content"] = (PNG if text.endswith("1") else b"") + text.encode()
    manager: Any = Entity.by_type[entity.name]._default_manager
    return manager.create(actor=actor, **values)


def _is_needed(model: type[Entity], field: spec.Field) -> bool:
    """Return True for a column of a row that only the model itself makes, such as a result of a check."""
    column: Any = model._meta.get_field(field.name)
    is_made = not any(one.create for one in model.spec.fields)
    return is_made and not (field.null or column.has_default())


def complete(actor: User, count: int = 2) -> None:
    """Make rows of each entity that has none, and fill each optional field that is empty in all rows."""
    for entity in BY_REFERENCE:
        model = Entity.by_type[entity.name]
        if not model._base_manager.exists():
            for number in range(count):
                make_row(entity, actor, f"Row {number}")
        for field in entity.fields:
            if field.update and field.null and not model._base_manager.filter(**{f"{field.name}__isnull": False}):
                _fill(model, field, actor)


def _fill(model: type[Entity], field: spec.Field, actor: User) -> None:
    for row in rows_of(model).living():
        try:
            row.update(actor=actor, **{field.column: sample(field)})
        except (Refused, ValidationError):
            continue
        return
    raise AssertionError(f"no row of {model.__name__} takes {field.name}")

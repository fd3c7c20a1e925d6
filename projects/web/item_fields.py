"""The fields of an item on its page, the editor of each, and saving it."""

from __future__ import annotations

from typing import NamedTuple

from django.http import Http404, QueryDict

from projects.entities import spec
from projects.entities.work_item import STATUS_NAMES, WORK_ITEM
from projects.loose_types import Context
from projects.models import ItemLabel, User, WorkItem
from projects.models.edits import edit
from projects.models.prepared_queries import field_at
from projects.models.work_items.choices import ItemType
from projects.web import item_form
from projects.web.field_labels import label
from projects.web.form_values import agreed_version, version
from projects.web.natural_order import MANY, people, sorted_names

FIELDS = {field.name: field for field in WORK_ITEM.fields if field.update}
CHOICES, SEARCH, LABELS, TEXT, LINE, NUMBER, DAY = "choices", "search", "labels", "text", "line", "number", "day"
_KINDS = {spec.LABELS: LABELS, spec.NUMBER: NUMBER, spec.DAY: DAY, spec.LINE: LINE}
ELSEWHERE = ("title", "description", "status", "labels")  # on the item's page, in places of their own
HOTKEYS = {"priority": "p", "assignee": "a", "item_type": "t", "sprint": "i"}
NO_VALUE = {"assignee": "Nobody", "parent": "No parent", "sprint": "No sprint"}


class Option(NamedTuple):
    """A choice of an editor; `note` is shown after the name."""

    value: str
    name: str
    note: str = ""


class Fact(NamedTuple):
    """A field with its value in words, "" for none."""

    name: str
    label: str
    text: str
    hotkey: str = ""
    warning: str = ""
    is_agent: bool = False


def field_of(name: str) -> spec.Field:
    """Return the field called `name` that an update takes. Raises Http404."""
    if name not in FIELDS:
        raise Http404(name)
    return FIELDS[name]


def facts(item: WorkItem) -> list[Fact]:
    """Return the fields that the page shows in one line each, without a query if the related objects are loaded."""
    without = {"sprint", "parent"} if item.item_type == ItemType.EPIC else set()
    if item.is_open and not item.close_reason:
        without.add("close_reason")
    return [_fact(item, field) for name, field in FIELDS.items() if name not in ELSEWHERE and name not in without]


def _fact(item: WorkItem, field: spec.Field) -> Fact:
    text = shown(item, field)
    if field.name == "parent" and item.parent:
        text = f"{text} {item.parent.title}"
    return Fact(
        field.name,
        label(field.name).capitalize(),
        text,
        HOTKEYS.get(field.name, ""),
        "overdue" if field.name == "due_date" and item.is_overdue else "",
        field.kind == spec.PERSON and item.assignee is not None and item.assignee.is_agent,
    )


def editor(item: WorkItem, field: spec.Field, user: User) -> Context:
    """Return the template context of the field's editor; at most three queries."""
    item.check_living()
    item.project.check_writable()
    choices = options(item, field, user)
    return {
        "item": item,
        "name": field.name,
        "label": label(field.name),
        "kind": _kind(field),
        "value": value_of(item, field),
        "options": choices,
        "has_filter": len(choices) > MANY or _kind(field) in (SEARCH, LABELS),
        "limit": field.limit,
    }


def _kind(field: spec.Field) -> str:
    if field.name in ("parent", "assignee"):
        return SEARCH
    if field.kind in (spec.CHOICE, spec.REFERENCE):
        return CHOICES
    return TEXT if field.name == "description" else _KINDS.get(field.kind, LINE)


def value_of(item: WorkItem, field: spec.Field) -> str | list[str]:
    """Return the value as the editor's controls hold it: labels as a list, references as the control's option."""
    if field.name == "parent":
        return item.parent_key or ""
    if field.name == "assignee":
        return item.assignee.username if item.assignee else ""
    value = getattr(item, field.column)
    return list(value) if field.kind == spec.LABELS else "" if value is None else str(value)


def options(item: WorkItem, field: spec.Field, user: User) -> list[Option]:
    """Return the values to choose from, [] for a field without any; at most one query."""
    if field.kind == spec.LABELS:
        rows = ItemLabel.objects.filter(work_item__project=item.project, work_item__deleted_at=None)
        others = rows.order_by().values_list("name", flat=True).distinct()
        return [Option(name, name) for name in dict.fromkeys([*item.labels, *sorted_names(others)])]
    if field.name == "status":
        return [Option(*pair) for pair in STATUS_NAMES.items()]
    if field.kind == spec.CHOICE:
        return [Option(value, name) for value, name in field_at(WorkItem, field.name).flatchoices]
    if field.kind not in (spec.REFERENCE, spec.PERSON):
        return []
    return [Option("", NO_VALUE.get(field.name, "None")), *_referred(item, field, user)]


def _referred(item: WorkItem, field: spec.Field, user: User) -> list[Option]:
    if field.kind == spec.PERSON:
        return [Option(name, _me(name, user), "agent" if is_agent else "") for name, is_agent in people(user)]
    if field.name == "parent":
        return [Option(f"{item.project.key}-{number}", title) for number, title in item_form.parents(item)]
    return [Option(value, name) for value, name in item_form.references(item, field)]


def _me(name: str, user: User) -> str:
    return f"{name} (me)" if name == user.username else name


def save(item: WorkItem, field: spec.Field, data: QueryDict, *, actor: User) -> bool:
    """Save the value that the editor sent; return True if it changed.

    `value` is repeated for labels; `add` and `remove` change single labels, whatever the others are by now. `version`
    is the version that the page showed, `anyway` the later one that the user agreed to overwrite. `force` completes the
    item despite open children and blockers and ends its claim; `unclaim` only does the latter; `new_user` creates an
    unknown assignee. Raises ValidationError or Refused.
    """
    form, seen = QueryDict(mutable=True), version(data)
    form.setlist(field.name, data.getlist("value"))
    if field.kind == spec.LABELS and ("add" in data or "remove" in data):
        gone = {name.casefold() for name in data.getlist("remove")}
        form.setlist(field.name, [name for name in item.labels if name.casefold() not in gone] + data.getlist("add"))
        seen = item.version
    form["new_user"] = data.get("new_user", "")
    anyway = agreed_version(data, "anyway", "force", "unclaim")
    agreed = {name: bool(data.get(name)) for name in ("force", "unclaim")}
    return edit(item, item_form.values(item, form), actor=actor, seen=seen, anyway=anyway, **agreed)


def said(item: WorkItem, field: spec.Field) -> str:
    """Return the message with the field's new value."""
    if _kind(field) == TEXT:
        return f"Description of {item.display_key} saved"
    return f"{label(field.name).capitalize()} of {item.display_key}: {shown(item, field) or 'none'}"


def shown(item: WorkItem, field: spec.Field) -> str:
    """Return the value in the words of the page, or "" for none."""
    if field.kind == spec.CHOICE:
        names = STATUS_NAMES if field.name == "status" else dict(field_at(WorkItem, field.name).flatchoices)
        return str(names[getattr(item, field.column)])
    if field.kind == spec.REFERENCE and field.name != "parent":
        row = getattr(item, field.name)
        return str(row) if row else ""
    value = value_of(item, field)
    return ", ".join(value) if isinstance(value, list) else value

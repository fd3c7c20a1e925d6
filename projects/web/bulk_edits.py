"""Edits of many items at once: the same rules as for one, all items or none, and one undo."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.http import QueryDict

from projects.entities.work_item import CLOSED, STATUS_NAMES
from projects.loose_types import FieldValue
from projects.models import ItemLabel, Project, Sprint, User, WorkItem
from projects.models.activity import group_of_transaction
from projects.models.exceptions import Claimed, HasBlockers, HasChildren, Refused, StaleVersion
from projects.models.work_items.choices import Priority
from projects.models.work_items.queries import DISPLAY_KEY
from projects.web import item_form
from projects.web.field_labels import label
from projects.web.form_values import version
from projects.web.natural_order import MANY, people, sorted_names
from projects.web.responses import explain

MOST = 500  # items
MAX_NAMED = 5  # refusals in a message
ADD, REMOVE, DELETE = "add_label", "remove_label", "delete"
FIELDS = ("status", "assignee", "priority", "sprint", "parent", "story_points", ADD, REMOVE, DELETE)
DEPTH = {"epic": 0, "story": 1}  # the other types are below
# What the person can agree to: the name of the button that overrides refusals of these types.
AGREED = {Claimed: "unclaim", HasChildren: "force", HasBlockers: "force", StaleVersion: "anyway"}

Seen = TypeVar("Seen")  # the version of an item that the page showed


class Done(NamedTuple):
    """The result of a bulk edit: the group of its changes is None if there were none."""

    text: str
    group: uuid.UUID | None


class BulkRefused(Exception):
    """Some items refuse the change; `again` is the name of the button that overrides it, or ""."""

    def __init__(self, message: str, again: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.again = again


@transaction.atomic
def edit_all(data: QueryDict, *, actor: User) -> Done:
    """Set the field `name` of each `item` (a key, or `key:version`) to `value`.

    `unclaim` ends the claims, `force` closes items despite open children and blockers, `anyway` overwrites changes that
    the page did not show, `sure` is the number of items to delete, those below included: each after asking.

    Raises BulkRefused or ValidationError.
    """
    name = data.get("name", "")
    if name not in FIELDS:
        raise ValidationError(f"choose one of {', '.join(FIELDS)} to change")
    items = _items(data.getlist("item"))
    value = data.get("value", "")
    if name == "assignee" and value:
        User.objects.known(value)  # or one refusal for all items
    if name == DELETE:
        return _delete(items, data, actor)
    refusals: list[tuple[WorkItem, Refused | ValidationError]] = []
    changed = 0
    for item, seen in by_depth(items, is_closing=name == "status" and value in CLOSED):
        try:
            if not data.get("anyway"):
                item.check_version(seen)
            agreed = {one: True for one in ("unclaim", "force") if data.get(one)}
            changed += item.update(actor=actor, **agreed, **_values(item, name, data, actor))
        except (Refused, ValidationError) as refusal:
            refusals.append((item, refusal))
    if refusals:
        raise _refused(refusals)
    text = f"{_count(changed)}: {_deed(items[0][0], name, value)}." if changed else "No changes."
    return Done(text, group_of_transaction() if changed else None)


def _items(identifiers: Sequence[str]) -> list[tuple[WorkItem, int | None]]:
    """Return the living items, each with the version that the page showed. Raises ValidationError."""
    if not identifiers:
        raise ValidationError("no item is selected")
    if len(identifiers) > MOST:
        raise ValidationError(f"at most {MOST} items can be changed at once; {len(identifiers)} are selected")
    seen: dict[str, int | None] = {}
    wanted: dict[str, set[int]] = {}
    for identifier in identifiers:
        key, _, number = identifier.partition(":")
        if (match := DISPLAY_KEY.fullmatch(key)) is None:
            raise ValidationError(f"{key[:40]} is not the key of an item")
        seen[key.upper()] = version({"version": number}) if number else None
        wanted.setdefault(match[1].upper(), set()).add(int(match[2]))
    named = Q(pk__in=())
    for project, numbers in wanted.items():
        named |= Q(project__key=project, item_number__in=numbers)
    found = WorkItem.objects.living().filter(named).select_related("project", "parent__project", "claimed_by")
    items = {item.display_key: item for item in found}
    if lost := [key for key in seen if key not in items]:
        raise ValidationError(f"{', '.join(lost[:MAX_NAMED])}: deleted in the meantime, or of another board")
    return [(items[key], shown) for key, shown in seen.items()]


def by_depth(items: Iterable[tuple[WorkItem, Seen]], *, is_closing: bool) -> list[tuple[WorkItem, Seen]]:
    """Order the items so that children close before their parents, and parents open before their children."""
    return sorted(items, key=lambda pair: DEPTH.get(pair[0].item_type, 2), reverse=is_closing)


def _values(item: WorkItem, name: str, data: QueryDict, actor: User) -> dict[str, FieldValue]:
    value = data.get("value", "")
    if name in (ADD, REMOVE):
        return {f"{name}s": [value]}
    form = QueryDict(mutable=True)
    form[name] = value
    return item_form.values(item, form)


def _delete(items: list[tuple[WorkItem, int | None]], data: QueryDict, actor: User) -> Done:
    chosen = {item.pk for item, _ in items}
    below = {
        pk
        for item, _ in items
        if item.item_type in DEPTH
        for pk in WorkItem.objects.living().descendants_of(item.pk).values_list("pk", flat=True)
    } - chosen
    number = len(chosen | below)
    if data.get("sure") != str(number):
        more = f" and the {_count(len(below))} below" if below else ""
        raise BulkRefused(f"Delete {_count(len(chosen))}{more}? You can undo this.", f"sure={number}")
    for item, _ in sorted(items, key=lambda pair: DEPTH.get(pair[0].item_type, 2), reverse=True):
        item.soft_delete(actor=actor, recursive=bool(below))
    return Done(f"{_count(number)} deleted.", group_of_transaction())


def _refused(refusals: Sequence[tuple[WorkItem, Refused | ValidationError]]) -> BulkRefused:
    """Return the exception that names each item with the reason, and what the person can agree to."""
    lines = [_reason(item, refusal) for item, refusal in refusals[:MAX_NAMED]]
    if len(refusals) > MAX_NAMED:
        lines.append(f"{_count(len(refusals) - MAX_NAMED)} more.")
    kinds = {type(refusal) for _, refusal in refusals}
    again = ""
    if kinds <= AGREED.keys():
        names = {AGREED[kind] for kind in kinds}
        again = next((name for name in ("anyway", "force", "unclaim") if name in names), "")
    return BulkRefused(" ".join(["Nothing was changed.", *lines]), f"{again}=yes" if again else "")


def _reason(item: WorkItem, refusal: Refused | ValidationError) -> str:
    text = explain(refusal)
    return text if item.display_key in text else f"{item.display_key}: {text}"


def _count(number: int) -> str:
    return f"{number} item{'' if number == 1 else 's'}"


def _deed(item: WorkItem, name: str, value: str) -> str:
    """Describe the change in the words of the page; `item` is one of those that were changed."""
    if name in (ADD, REMOVE):
        return f"label {value.strip()} {'added' if name == ADD else 'removed'}"
    shown = value.strip()
    if name == "status":
        shown = STATUS_NAMES.get(value, value)
    elif name == "priority":
        shown = item.get_priority_display()
    elif name == "sprint" and item.sprint is not None:
        shown = item.sprint.name
    elif name == "parent" and item.parent is not None:
        shown = item.parent_key or ""
    return f"{label(name)} set to {shown}" if shown else f"{label(name)} removed"


def choices(project: Project | None, user: User) -> dict[str, FieldValue]:
    """Return the choices of the bar for `user`: of a project, or of a page with items of several."""
    labels = ItemLabel.objects.filter(work_item__project=project, work_item__deleted_at=None)
    sprints = Sprint.objects.living().filter(project=project, status__in=item_form.OPEN)
    return {
        "project": project,
        "statuses": STATUS_NAMES.items(),
        "people": people(user),
        "priorities": reversed(Priority.choices),
        "labels": sorted_names(labels.order_by().values_list("name", flat=True).distinct()) if project else (),
        "sprints": sprints.order_by("-start_date") if project else (),
        "many": MANY,
    }

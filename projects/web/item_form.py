"""The forms of the item page: their choices, and applying submitted data."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import QueryDict

from projects.entities.work_item import STATUS_NAMES
from projects.models import ItemLabel, Sprint, User, WorkItem
from projects.models.edits import edit
from projects.models.work_items.choices import MAX_POINTS, ItemType, Priority
from projects.models.work_items.hierarchy import PARENTS
from projects.web.form_values import agreed_version, version
from projects.web.item_lookup import resolve

PLAIN = ("item_type", "title", "description", "status", "priority", "external_ref", "close_reason")
OFFERED = 200  # parents suggested; others can be entered by key or words
OPEN = ("planned", "active")
ENDING = ("unclaim", "take_over")  # buttons that end a claim


def choices(item: WorkItem) -> dict[str, Any]:
    """Return the choices of the fields, with a constant number of queries."""
    living = WorkItem.objects.living().filter(project=item.project)
    above = living.filter(item_type__in=PARENTS[item.item_type]).unfinished().order_by("item_type", "position")
    sprints = Sprint.objects.filter(Q(status__in=OPEN, project=item.project, deleted_at=None) | Q(pk=item.sprint_id))
    labels = ItemLabel.objects.filter(work_item__project=item.project, work_item__deleted_at=None)
    below = [kind for kind in ItemType.choices if item.item_type in PARENTS[kind[0]]]
    return {
        "statuses": STATUS_NAMES.items(),
        "priorities": Priority.choices,
        "types": ItemType.choices,
        "child_types": sorted(below, key=lambda kind: kind[0] != ItemType.TASK),
        "parents": above.values_list("item_number", "title")[:OFFERED] if PARENTS[item.item_type] else (),
        "sprints": sprints.order_by("-start_date"),
        "people": User.objects.filter(is_active=True).order_by("username").values_list("username", "is_agent"),
        "labels": labels.order_by("name").values_list("name", flat=True).distinct(),
    }


def save(item: WorkItem, data: QueryDict, *, actor: User) -> bool:
    """Apply the fields of `item` that the form changed; return True if anything changed.

    Missing fields are left unchanged. `version` is the version the form showed, `anyway` the later version that the
    user agreed to overwrite. `force` completes the item despite open children and blockers and ends its claim;
    `unclaim` only does the latter, and `take_over` also assigns it to the user. Raises ValidationError or Refused.
    """
    seen, anyway = version(data), agreed_version(data, "anyway", "force", *ENDING)
    agreed = {"force": bool(data.get("force")), "unclaim": any(data.get(name) for name in ENDING)}
    return edit(item, _values(item, data, actor), actor=actor, seen=seen, anyway=anyway, **agreed)


def _values(item: WorkItem, data: QueryDict, actor: User) -> dict[str, Any]:
    typed = {name: data.get(name, "") for name in data}  # only labels can have several values
    values: dict[str, Any] = {name: typed[name] for name in PLAIN if name in typed}
    if "story_points" in typed:
        values["story_points"] = _points(typed["story_points"].strip())
    if "due_date" in typed:
        values["due_date"] = typed["due_date"].strip() or None
    if "take" in typed or typed.get("take_over"):
        values["assignee_id"] = actor.pk
    elif "assignee" in typed:
        values["assignee_id"] = _assignee(typed["assignee"])
    if "sprint" in typed:
        values["sprint_id"] = _sprint(item, typed["sprint"])
    if "parent" in typed:
        values["parent_id"] = _parent(item, typed["parent"].strip())
    if "more_labels" in typed:
        values["labels"] = [*data.getlist("label"), typed["more_labels"]]
    return values


def _assignee(name: str) -> uuid.UUID | None:
    try:
        return User.objects.actor(name, is_agent=False).pk if name.strip() else None
    except ValidationError as error:
        raise ValidationError({"assignee": error}) from None


def _points(text: str) -> int | None:
    if text and not (text.isdecimal() and len(text) < 4):
        raise ValidationError({"story_points": f"must be empty or a whole number from 0 to {MAX_POINTS}"})
    return int(text) if text else None


def _sprint(item: WorkItem, text: str) -> uuid.UUID | None:
    if not text or text == str(item.sprint_id):
        return item.sprint_id if text else None
    sprint = Sprint.objects.living().filter(project=item.project).identified_by(text).first()
    if sprint is None:
        raise ValidationError({"sprint": "this sprint no longer exists"})
    return sprint.pk


def _parent(item: WorkItem, text: str) -> uuid.UUID | None:
    if not text:
        return None
    if item.parent is not None and text == item.parent_key:  # unchanged; it may be deleted by now
        return item.parent_id
    return resolve(item.project, text, field="parent", without=(item.display_key,)).pk

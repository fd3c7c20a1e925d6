"""The menu of a board's column: its name, limit and place. Only people change columns here."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from projects.entities.work_item import STATUS_NAMES
from projects.loose_types import FieldValue
from projects.models import Activity, SwimLane, User, WorkItem
from projects.models.edits import edit
from projects.models.work_items.choices import Status
from projects.web import page
from projects.web.form_values import agreed_version, version
from projects.web.responses import answers_forms, done, saved, saved_together

MAX_DIGITS = 10
STEPS = {"left": -1, "right": 1}


@page.for_people("POST")
@answers_forms
@transaction.atomic
def change(request: HttpRequest, key: str, pk: uuid.UUID) -> HttpResponse:
    """Set the name and the limit of a column, `move` it to the left or right, or `delete` it."""
    actor = page.person(request)
    actor.check_person("change a column")
    project = page.find_project(key)
    lanes = SwimLane.objects.living().filter(project=project)
    lane = get_object_or_404(lanes.select_related("project"), pk=pk)
    if "move" in request.POST:
        places = list(lanes.values_list("pk", flat=True))
        at = places.index(pk)
        places.insert(max(0, at + _step(request.POST["move"])), places.pop(at))
        SwimLane.objects.reorder(project, places, actor=actor)
        return saved_together(f"{lane.name} is now column {places.index(pk) + 1} of {len(places)}.")
    if "delete" in request.POST:
        return _delete(lane, request.POST.get("to", ""), actor)
    values = {"name": request.POST.get("name", "").strip(), "wip_limit": _limit(request.POST.get("wip_limit", ""))}
    seen, anyway = version(request.POST), agreed_version(request.POST, "anyway")
    was = (lane.name, lane.wip_limit)
    if not edit(lane, values, actor=actor, seen=seen, anyway=anyway):
        return done("No changes.")
    latest = Activity.objects.of(lane).order_by("-id").values_list("pk", flat=True).first()
    return saved(_summary(lane, *was), latest)


@page.for_people("POST")
@answers_forms
@transaction.atomic
def add(request: HttpRequest, key: str) -> HttpResponse:
    """Add a column for a status that has none, after the others."""
    actor, project = page.person(request), page.find_project(key)
    actor.check_person("add a column")
    status = request.POST.get("status", "")
    if status not in STATUS_NAMES or status == Status.CANCELLED:
        raise ValidationError({"status": "choose one of the list"})
    lane = SwimLane(
        project=project,
        name=request.POST.get("name", "").strip() or STATUS_NAMES[status],
        status_value=status,
        position=SwimLane.objects.next_position(project.pk),
    )
    lane.insert(actor=actor)
    return done(f"Column {lane.name} added.")


@page.for_people("POST")
@answers_forms
@transaction.atomic
def order(request: HttpRequest, key: str) -> HttpResponse:
    """Put the columns into the order of the repeated `lane`."""
    actor, project = page.person(request), page.find_project(key)
    actor.check_person("change a column")
    try:
        lanes = [uuid.UUID(one) for one in request.POST.getlist("lane")]
    except ValueError:
        raise ValidationError("the columns have changed; reload the page") from None
    SwimLane.objects.reorder(project, lanes, actor=actor)
    return saved_together("The columns are reordered.")


def _summary(lane: SwimLane, name: str, limit: int | None) -> str:
    """Describe the change of a column that had this name and limit."""
    now = f"Column {name} renamed to {lane.name}" if lane.name != name else f"Column {lane.name}"
    if lane.wip_limit == limit:
        return f"{now}."
    return f"{now}: {f'limit {lane.wip_limit}' if lane.wip_limit else 'no limit'}."


def _delete(lane: SwimLane, to: str, actor: User) -> HttpResponse:
    """Delete a column; its cards get the status `to`, or keep theirs if it is empty."""
    if to and (to not in STATUS_NAMES or to == lane.status_value):
        raise ValidationError({"to": "choose one of the list"})
    count = 0
    items = WorkItem.objects.living().filter(project_id=lane.project_id, status=lane.status_value)
    for item in items.select_related("project").order_by("-item_type", "item_number") if to else ():
        count += item.update(actor=actor, status=to)
    lane.soft_delete(actor=actor)
    moved = f", {count} card{'' if count == 1 else 's'} moved to {STATUS_NAMES[to]}" if to else ""
    return saved_together(f"Column {lane.name} deleted{moved}.")


def _step(name: str) -> int:
    if name not in STEPS:
        raise ValidationError(f"a column moves {' or '.join(STEPS)}")
    return STEPS[name]


def _limit(text: str) -> FieldValue:
    text = text.strip()
    if text and (not text.isdecimal() or len(text) > MAX_DIGITS):
        raise ValidationError({"wip_limit": "must be empty or a whole number from 1 to 10000"})
    return int(text) if text else None

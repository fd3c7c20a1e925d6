"""The menu of a board's column: its name, limit and place. Only people change columns here."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from projects.loose_types import FieldValue
from projects.models import Activity, SwimLane
from projects.models.edits import edit
from projects.web import page
from projects.web.form_values import agreed_version, version
from projects.web.responses import done, reports_errors, saved

MAX_DIGITS = 10
STEPS = {"left": -1, "right": 1}


@page.for_people("POST")
@reports_errors
@transaction.atomic
def change(request: HttpRequest, key: str, pk: uuid.UUID) -> HttpResponse:
    """Set the name and the limit of a column, or `move` it to the left or right."""
    actor = page.person(request)
    actor.check_person("change a column")
    project = page.find_project(key)
    lanes = SwimLane.objects.living().filter(project=project)
    lane = get_object_or_404(lanes.select_related("project"), pk=pk)
    if "move" in request.POST:
        order = list(lanes.values_list("pk", flat=True))
        at = order.index(pk)
        order.insert(max(0, at + _step(request.POST["move"])), order.pop(at))
        SwimLane.objects.reorder(project, order, actor=actor)
        return saved(f"{lane.name} is now column {order.index(pk) + 1} of {len(order)}.", None)
    values = {"name": request.POST.get("name", "").strip(), "wip_limit": _limit(request.POST.get("wip_limit", ""))}
    seen, anyway = version(request.POST), agreed_version(request.POST, "anyway")
    if not edit(lane, values, actor=actor, seen=seen, anyway=anyway):
        return done("No changes.")
    latest = Activity.objects.of(lane).order_by("-id").values_list("pk", flat=True).first()
    return saved(f"Column {lane.name}: {f'limit {lane.wip_limit}' if lane.wip_limit else 'no limit'}.", latest)


def _step(name: str) -> int:
    if name not in STEPS:
        raise ValidationError(f"a column moves {' or '.join(STEPS)}")
    return STEPS[name]


def _limit(text: str) -> FieldValue:
    text = text.strip()
    if text and (not text.isdecimal() or len(text) > MAX_DIGITS):
        raise ValidationError({"wip_limit": "must be empty or a whole number from 1 to 10000"})
    return int(text) if text else None

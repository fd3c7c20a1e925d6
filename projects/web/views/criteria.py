"""Views of an item's acceptance criteria."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from projects.models import Criterion
from projects.web import item_page, page
from projects.web.form_values import fresh_id, version
from projects.web.responses import done, reports_errors


@page.for_people("POST")
@reports_errors
@transaction.atomic
def add(request: HttpRequest, identifier: str) -> HttpResponse:
    """Add a criterion. The client-chosen ID makes resubmission safe."""
    found, pk = item_page.get(identifier), fresh_id(request.POST)
    if not Criterion.objects.filter(pk=pk).exists():
        new = Criterion(id=pk, work_item=found, text=request.POST.get("text", ""))
        new.insert(actor=page.person(request))
    return done("Criterion added.")


@page.for_people("POST")
@reports_errors
@transaction.atomic
def change(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Tick, untick or delete a criterion as the page showed it."""
    found = get_object_or_404(Criterion.objects.select_related("work_item__project", "created_by"), pk=pk)
    act, seen, person = request.POST.get("act", ""), version(request.POST), page.person(request)
    if act == "tick":
        found.tick(actor=person, expected_version=seen)
        return done("Ticked.")
    if act == "untick":
        found.untick(actor=person, expected_version=seen)
        return done("Unticked.")
    if act == "delete":
        found.soft_delete(actor=person, expected_version=seen)
        return done("Criterion deleted. You can undo this in the history.")
    raise ValidationError({"act": "must be tick, untick or delete"})

"""The time that was spent on an item: a timer, and what is entered by hand."""

from __future__ import annotations

import uuid
from datetime import datetime
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from projects.models import TimeEntry
from projects.web import durations, item, page
from projects.web.answers import done, says_why
from projects.web.item_form import fresh_id


@page.for_people("POST")
@says_why
@transaction.atomic
def start(request: HttpRequest, identifier: str) -> HttpResponse:
    """Start one's timer, and say which other it stopped."""
    found, person = item.get(identifier), page.person(request)
    if TimeEntry.objects.running(person).filter(work_item=found).exists():
        return done("Your timer runs on this already.")
    _, stopped = TimeEntry.objects.start(found, actor=person)
    other = f"; the one on {stopped.display_key} is stopped" if stopped is not None else ""
    return done(f"Your timer runs on {found.display_key}{other}.")


@page.for_people("POST")
@says_why
@transaction.atomic
def add(request: HttpRequest, identifier: str) -> HttpResponse:
    """Enter time by hand: how long, and until when."""
    found, pk, person = item.get(identifier), fresh_id(request.POST), page.person(request)
    if not TimeEntry.objects.filter(pk=pk).exists():
        spent = durations.parse(request.POST.get("spent", ""))
        ended_at = _moment(request.POST.get("ended_at", ""), request.POST.get("zone", ""))
        new = TimeEntry(id=pk, work_item=found, user=person, started_at=ended_at - spent, ended_at=ended_at)
        new.description = request.POST.get("description", "")
        new.insert(actor=person)
    return done("The time is noted.")


@page.for_people("POST")
@says_why
@transaction.atomic
def change(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Stop a timer, or delete an entry."""
    entries = TimeEntry.objects.filter(deleted_at=None).select_related("work_item__project", "user")
    found = get_object_or_404(entries, pk=pk)
    if "delete" in request.POST:
        found.soft_delete(actor=page.person(request))
        return done("The time entry is deleted; the history can undo that.")
    found.stop(actor=page.person(request))
    return done(f"Stopped after {durations.spell(found.duration_seconds)}.")


def _moment(text: str, zone: str) -> datetime:
    """Return the moment that a clock in `zone` calls so; now where nothing is said."""
    if not text:
        return timezone.now()
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone or "UTC"))
    except (ValueError, OSError, KeyError):  # a zone is looked up as a file
        raise ValidationError({"ended_at": "must be a day and a time, like 2026-01-31T12:00"}) from None

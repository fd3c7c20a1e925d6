"""Views of the time spent on an item: the timer and manual entries."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone

from projects.models import TimeEntry
from projects.web import durations, item_page, page
from projects.web.form_values import fresh_id
from projects.web.responses import done, reports_errors


@page.for_people("POST")
@reports_errors
@transaction.atomic
def start(request: HttpRequest, identifier: str) -> HttpResponse:
    """Start the user's timer and report which other timer it stopped."""
    found, person = item_page.get(identifier), page.person(request)
    if TimeEntry.objects.running(person).filter(work_item=found).exists():
        return done("Your timer is already running on this item.")
    _, stopped = TimeEntry.objects.start(found, actor=person)
    other = f"; stopped the one on {stopped.display_key}" if stopped is not None else ""
    return done(f"Timer started on {found.display_key}{other}.")


@page.for_people("POST")
@reports_errors
@transaction.atomic
def add(request: HttpRequest, identifier: str) -> HttpResponse:
    """Add a manual time entry from its duration and end."""
    found, pk, person = item_page.get(identifier), fresh_id(request.POST), page.person(request)
    if not TimeEntry.objects.filter(pk=pk).exists():
        started_at, ended_at = _span(request.POST)
        new = TimeEntry(id=pk, work_item=found, user=person, started_at=started_at, ended_at=ended_at)
        new.description = request.POST.get("description", "")
        new.insert(actor=person)
    return done("Time added.")


@page.for_people("POST")
@reports_errors
@transaction.atomic
def change(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Stop a timer, or delete an entry."""
    entries = TimeEntry.objects.filter(deleted_at=None).select_related("work_item__project", "user")
    found = get_object_or_404(entries, pk=pk)
    if "delete" in request.POST:
        found.soft_delete(actor=page.person(request))
        return done("Time entry deleted. You can undo this in the history.")
    found.stop(actor=page.person(request))
    return done(f"Timer stopped after {durations.spell(found.duration_seconds)}.")


def _span(data: QueryDict) -> tuple[datetime, datetime]:
    """Return the start and end of the entered time in UTC.

    A DST change in between does not alter the duration. An end that is skipped or ambiguous because of a DST change
    uses the offset before the change, so of two possible times the first.
    """
    spent, until = durations.parse(data.get("spent", "")), data.get("ended_at", "")
    try:
        ended_at = datetime.fromisoformat(until) if until else timezone.now()
        if ended_at.tzinfo is None:
            ended_at = ended_at.replace(tzinfo=ZoneInfo(data.get("zone") or "UTC"))
        ended_at = ended_at.astimezone(UTC)
        return ended_at - spent, ended_at
    except (ValueError, OSError, KeyError, OverflowError):  # ZoneInfo opens a file, so bad names raise OSError
        raise ValidationError({"ended_at": "must be a date and time, e.g. 2026-01-31T12:00"}) from None

"""The page of people and agents: their kinds, and who has left."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from projects.models import User
from projects.web import page, people_page
from projects.web.responses import answers_forms, done


@page.for_people()
def show(request: HttpRequest) -> HttpResponse:
    """Show people and agents; without buttons for users who may not change them."""
    cursor = page.live_cursor()
    context = people_page.context(page.person(request), request.GET.get("q", ""))
    return render(request, "pm/settings_people.html", {"cursor": cursor, "section": "settings", **context})


@page.for_people("POST")
@answers_forms
@transaction.atomic
def active(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Say that a user has left, or is back."""
    found, wanted = get_object_or_404(User, pk=pk), request.POST.get("active", "")
    if wanted not in ("yes", "no"):
        raise ValidationError({"active": "must be yes or no"})
    found.set_active(wanted == "yes", actor=page.person(request))
    return done(f"{found.username} is {'active again' if found.is_active else 'inactive now'}.")

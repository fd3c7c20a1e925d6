"""The inbox: what waits for a person, and what the person does about it."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from projects.models.activity import Action, Activity, group_of_transaction
from projects.models.inbox.listing import settle
from projects.web import inbox_page, page
from projects.web.responses import done, reports_errors, saved

UNDONE_BY = {"review": "work_item", "question": "question"}  # kinds of entries: what undo changes back


@page.for_people()
def inbox(request: HttpRequest) -> HttpResponse:
    """Show what waits, the most urgent first."""
    cursor = page.live_cursor()
    return render(request, "pm/inbox.html", {"cursor": cursor, "section": "inbox", **inbox_page.context()})


@page.for_people()
def notifications(request: HttpRequest) -> HttpResponse:
    """Return the first entries, for desktop notifications."""
    return JsonResponse({"entries": inbox_page.notifications()})


@page.for_people("POST")
@reports_errors
@transaction.atomic
def act(request: HttpRequest, kind: str, pk: str) -> HttpResponse:
    """Settle an entry."""
    name, text = request.POST.get("act", ""), request.POST.get("text", "")
    said = settle(kind, pk, name, text, actor=page.person(request), seen=request.POST.get("seen", ""))
    changes = Activity.objects.filter(group_id=group_of_transaction(), action=Action.UPDATED)
    change = changes.filter(entity_type=UNDONE_BY.get(kind, "")).order_by("-id").first()
    if change is None:
        return done(said)
    response = saved(said, change.pk)
    response.headers["PM-Item"] = change.display_key.partition(".")[0]
    return response

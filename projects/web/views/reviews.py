"""The view of reviews: people accept, send back, and close without evidence."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from projects.models import Waiver
from projects.models.review import accept, send_back
from projects.web import item_page, page
from projects.web.form_values import version
from projects.web.responses import done, reports_errors


@page.for_people("POST")
@reports_errors
@transaction.atomic
def decide(request: HttpRequest, identifier: str) -> HttpResponse:
    """Accept the item, send it back, or close it without the evidence that is missing."""
    found, actor = item_page.get(identifier), page.person(request)
    found.check_version(version(request.POST))
    text, verdict = request.POST.get("text", "").strip(), request.POST.get("verdict")
    if verdict == "accept":
        accept(found, actor=actor, text=text)
        return done(f"{found.display_key} is done.")
    if verdict == "back":
        send_back(found, actor=actor, text=text)
        return done(f"{found.display_key} is sent back.")
    if verdict == "waive":
        Waiver(work_item=found, reason=text).insert(actor=actor)
        return done(f"{found.display_key} is closed without evidence.")
    raise ValidationError({"verdict": "must be accept, back or waive"})

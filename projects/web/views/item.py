from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from projects.models import Comment
from projects.web import item, page
from projects.web.answers import done, says_why


@page.for_people()
def show(request: HttpRequest, identifier: str) -> HttpResponse:
    """Show an item with all around it."""
    cursor = page.live_cursor()
    found = item.find(identifier)
    if found is None:
        raise Http404(identifier)
    return render(request, "pm/item.html", {"cursor": cursor, "section": "item", **item.context(found)})


@page.for_people("POST")
@says_why
@transaction.atomic
def comment(request: HttpRequest, identifier: str) -> HttpResponse:
    """Add a comment; sent twice under one id it is made once."""
    found = item.find(identifier)
    if found is None:
        raise Http404(identifier)
    try:
        pk = uuid.UUID(request.POST.get("id", ""))
    except ValueError:
        raise ValidationError({"id": "must be a UUID"}) from None
    if not Comment.objects.filter(pk=pk).exists():
        new = Comment(id=pk, work_item=found, content=request.POST.get("content", ""))
        new.insert(actor=request.user)  # type: ignore[arg-type]
    return done()

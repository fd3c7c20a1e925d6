"""Views of attachments: show one, attach files with a plain form, remove one."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from projects.api.attachments import file_response
from projects.models import Attachment
from projects.models.exceptions import Refused, TooLarge
from projects.web import item_page, page
from projects.web.responses import answer, explain, reports_errors, undoable

MISSING = "This file was removed, or it is on the clone where it was added."


@page.for_people()
def show(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a picture, or offer any other file for download."""
    found = Attachment.objects.living().filter(pk=pk).first()
    response = file_response(request, found) if found else None
    if response is None:
        raise Http404(MISSING)
    return response


@page.for_people("POST")
def attach(request: HttpRequest, identifier: str) -> HttpResponse:
    """Attach the files of a form that no script sends, all or none. The script uses the API."""
    found, files = item_page.get(identifier), request.FILES.getlist("file")
    try:
        if not files:
            raise ValidationError("choose a file first")
        with transaction.atomic():
            for file in files:
                new = Attachment(work_item=found, name=file.name or "")
                new.content = file.read()
                new.insert(actor=page.person(request))
    except (Refused, ValidationError) as error:
        return answer(request, 413 if isinstance(error, TooLarge) else 400, explain(error))
    return redirect(f"{reverse('item', args=[found.display_key])}#i-attachments")


@page.for_people("POST")
@reports_errors
@transaction.atomic
def remove(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Remove an attachment, which can be undone."""
    rows = Attachment.objects.select_related("work_item__project", "created_by")
    found = get_object_or_404(rows, pk=pk)
    found.soft_delete(actor=page.person(request))
    return undoable(f"{found.name} removed", found)

"""Views of questions: people answer them, and withdraw their own."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from projects.models import Question
from projects.web import page
from projects.web.form_values import version
from projects.web.responses import done, reports_errors, undoable


@page.for_people("POST")
@reports_errors
@transaction.atomic
def change(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer the question, by a choice or a text, or withdraw it."""
    found = get_object_or_404(Question.objects.select_related("work_item__project", "created_by", "answered_by"), pk=pk)
    found.check_version(version(request.POST))
    if "withdraw" in request.POST:
        found.withdraw(actor=page.person(request))
        return done(f"{found.display_key} withdrawn.")
    choice = request.POST.get("choice")
    if choice is not None and not choice.isdecimal():
        raise ValidationError({"choice": "must be the number of a choice"})
    number = None if choice is None else int(choice[:9])
    found.answer_with(actor=page.person(request), text=request.POST.get("answer", "").strip(), choice=number)
    return undoable(f"{found.display_key} answered.", found)

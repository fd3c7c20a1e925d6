"""Create an item with all of its fields: on a page, or in the dialog that `c` opens."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from projects.api.exceptions import envelope
from projects.models import WorkItem
from projects.models.exceptions import Refused
from projects.web import new_item, page
from projects.web.form_values import fresh_id
from projects.web.responses import done, explain, is_scripted, reports_errors, saved


@page.for_people("GET", "HEAD", "POST")
@reports_errors
def show(request: HttpRequest) -> HttpResponse:
    """Show the form, or create the item that it describes.

    For the script, an error is JSON with the messages by field in `fields`, and a success has the key in PM-Created.
    """
    if request.method != "POST":
        return _form(request, "pm/new_item.html")
    return _create(request) if is_scripted(request) else _create_and_open(request)


@page.for_people()
def dialog(request: HttpRequest) -> HttpResponse:
    """Answer the dialog alone."""
    return _form(request, "pm/new_item_dialog.html")


def _form(request: HttpRequest, template: str) -> HttpResponse:
    context = new_item.context(request)
    return render(request, template, context) if context["project"] else redirect("home")


def _create(request: HttpRequest) -> HttpResponse:
    """Create the item. The client-chosen ID makes resubmission safe."""
    pk = fresh_id(request.POST)
    found = WorkItem.objects.filter(pk=pk).select_related("project").first()
    try:
        item = found or new_item.create(request.POST, pk, actor=page.person(request))
    except ValidationError as error:
        fields = new_item.errors_of(error)
        return JsonResponse(envelope("VALIDATION_ERROR", explain(error), fields=fields), status=400)
    response = saved(f"{item.display_key} created", None)
    response.headers["PM-Undo"] = reverse("new-item-undo", args=[item.pk])
    response.headers["PM-Created"] = item.display_key
    return response


def _create_and_open(request: HttpRequest) -> HttpResponse:
    try:
        item = new_item.create(request.POST, uuid.uuid4(), actor=page.person(request))
    except (ValidationError, Refused) as error:
        errors = new_item.errors_of(error) if isinstance(error, ValidationError) else {"": explain(error)}
        context = new_item.context(request, request.POST.dict(), errors)
        return render(request, "pm/new_item.html", context, status=400)
    return redirect("item", item.display_key)


@page.for_people("POST")
@reports_errors
@transaction.atomic
def undo(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Delete the item again, unless it has children by now."""
    found = get_object_or_404(WorkItem.objects.select_related("project"), pk=pk)
    found.soft_delete(actor=page.person(request))
    return done(f"{found.display_key} deleted.")

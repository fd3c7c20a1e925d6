"""Edits of the selected items: the bar with the choices, the edit, and its undo."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from projects.models.edits import undo_group
from projects.web import bulk_edits, page
from projects.web.bulk_edits import BulkRefused
from projects.web.responses import done, refused, reports_errors, saved


@page.for_people("GET", "HEAD", "POST")
@reports_errors
def bulk(request: HttpRequest) -> HttpResponse:
    """Answer the bar of a project's page, or change the selected items."""
    if request.method != "POST":
        key = request.GET.get("project", "")
        project = page.find_project(key) if key else None
        return render(request, "pm/selection.html", bulk_edits.choices(project, page.person(request)))
    try:
        result = bulk_edits.edit_all(request.POST, actor=page.person(request))
    except BulkRefused as refusal:
        return refused(409, refusal.message, again=refusal.again)
    response = saved(result.text, None)
    if result.group is not None:
        response.headers["PM-Undo"] = reverse("bulk-undo", args=[result.group])
    key = request.POST.get("item", "").rpartition("-")[0]
    if key and request.POST.get("name") == bulk_edits.DELETE:
        response.headers["PM-Deleted"] = reverse("settings-deleted", args=[key])
    return response


@page.for_people("POST")
@reports_errors
def undo(request: HttpRequest, group: uuid.UUID) -> HttpResponse:
    """Undo all changes of a bulk edit."""
    keys = undo_group(group, actor=page.person(request))
    return done(f"Undone: {len(keys)} change{'' if len(keys) == 1 else 's'}.")

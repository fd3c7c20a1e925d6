"""The page of deleted items, which can be restored."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from projects.loose_types import Context
from projects.models import Project, WorkItem
from projects.web import page

MOST = 100  # items on the page; the others are found by their words


@page.for_people()
def choose(request: HttpRequest) -> HttpResponse:
    """Lead to the deleted items of the first project."""
    project = Project.objects.living().order_by("status", "key").first()
    return redirect("settings-deleted", project.key) if project else redirect("settings-projects")


@page.for_people()
def show(request: HttpRequest, key: str) -> HttpResponse:
    """List the deleted items of a project, the latest first."""
    cursor, project = page.live_cursor(), page.find_project(key)
    words = request.GET.get("q", "")
    found = WorkItem.objects.deleted().filter(project=project)
    named = found.filter(title__icontains=words.strip()) if words.strip() else found
    context: Context = {
        "project": project,
        "items": list(named.select_related("project", "parent__project", "updated_by").order_by("-deleted_at")[:MOST]),
        "count": found.count(),
        "rest": max(0, named.count() - MOST),
        "words": words,
        "may_change": not project.is_read_only,
    }
    return render(request, "pm/settings_deleted.html", {"cursor": cursor, "section": "settings", **context})

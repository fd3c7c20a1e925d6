"""The view of the activity page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from projects.web import page
from projects.web.activity_page import ActivityPage


@page.for_people()
def show(request: HttpRequest, key: str = "") -> HttpResponse:
    """Show what happened, the latest first, of a project or of all."""
    cursor = page.live_cursor()
    project = page.find_project(key) if key else None
    context = {"cursor": cursor, "section": "activity", "project": project, "activity": ActivityPage(request, project)}
    return render(request, "pm/activity.html", context)

"""The view of the insights page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from projects.web import page
from projects.web.insights_page import InsightsPage


@page.for_people()
def show(request: HttpRequest, key: str) -> HttpResponse:
    """Show figures, charts and the forecast of the items that the URL's filters leave."""
    cursor = page.live_cursor()
    project = page.find_project(key)
    context = {"cursor": cursor, "section": "insights", "project": project, "insights": InsightsPage(request, project)}
    return render(request, "pm/insights.html", context)

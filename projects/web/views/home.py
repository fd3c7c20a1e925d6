from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static

from projects.models import Project
from projects.web import page
from projects.web.overview import Overview
from projects.web.responses import safe_only
from projects.web.zone import zone_of


@page.for_people()
def home(request: HttpRequest) -> HttpResponse:
    """Show the overview. With a single project, show its board unless the URL has `?overview`."""
    if "overview" not in request.GET:
        keys = list(Project.objects.living().values_list("key", flat=True)[:2])
        if len(keys) == 1:
            return redirect("board", keys[0])
    cursor = page.live_cursor()
    overview = Overview(page.person(request), zone_of(request))
    return render(request, "pm/overview.html", {"cursor": cursor, "section": "overview", "overview": overview})


@safe_only
def favicon(request: HttpRequest) -> HttpResponse:
    """Serve browsers that request /favicon.ico regardless of the page's icon link."""
    return redirect(static("pm/favicon.svg"))

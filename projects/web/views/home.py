from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse

from projects.models import Project
from projects.web import page
from projects.web.overview import Overview
from projects.web.responses import safe_only
from projects.web.sections import LAST_PROJECT, SECTIONS
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


@page.for_people()
def choose(request: HttpRequest, section: str) -> HttpResponse:
    """Lead to this page of the project that the browser showed last, or of the only one; else offer all projects."""
    projects = list(Project.objects.living().order_by("status", "key"))
    last = request.COOKIES.get(LAST_PROJECT)
    chosen = next((each for each in projects if each.key == last), projects[0] if len(projects) == 1 else None)
    if chosen is not None:
        query = request.META.get("QUERY_STRING", "")
        return redirect(f"{reverse(section, args=[chosen.key])}{'?' if query else ''}{query}")
    if not projects:
        return redirect("home")
    shown = next(each for each in SECTIONS if each.route == section)
    found = [(each, reverse(section, args=[each.key])) for each in projects]
    return render(request, "pm/choose.html", {"section": section, "shown": shown, "projects": found})


@safe_only
def favicon(request: HttpRequest) -> HttpResponse:
    """Serve browsers that request /favicon.ico regardless of the page's icon link."""
    return redirect(static("pm/favicon.svg"))

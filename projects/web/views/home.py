from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static

from projects.web.views.errors import safe_only


@safe_only
def home(request: HttpRequest) -> HttpResponse:
    """Lead a person to the projects, by way of the login where that is needed."""
    return redirect("admin:projects_project_changelist")


@safe_only
def favicon(request: HttpRequest) -> HttpResponse:
    """Answer the browsers that ask without looking at the page."""
    return redirect(static("pm/favicon.svg"))

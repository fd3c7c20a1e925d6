from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from projects.web import page
from projects.web.design_page import samples


@page.for_people()
def design(request: HttpRequest) -> HttpResponse:
    """Show every part of the pages in every state."""
    return render(request, "pm/design.html", {"section": "design", **samples()})

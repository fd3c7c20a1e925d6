from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from projects.models import Project
from projects.models.search import Hit, search
from projects.models.work_item_query import DISPLAY_KEY
from projects.web import item, page

MAX_LENGTH = 1000  # characters
LIMIT = 50


@page.for_people()
def find(request: HttpRequest) -> HttpResponse:
    """Show what has the words of `q`, best first; a display key leads straight to its item."""
    text = request.GET.get("q", "").strip()[:MAX_LENGTH]
    found = item.find(text) if DISPLAY_KEY.fullmatch(text) else None
    if found is not None:
        return redirect("item", found.display_key)
    key = request.GET.get("project", "")
    project = Project.objects.living().identified_by(key).first() if key else None
    hits = [(hit, _pieces(hit)) for hit in search(text, project=project, limit=LIMIT)]
    return render(request, "pm/search.html", {"project": project, "section": "search", "text": text, "hits": hits})


def _pieces(hit: Hit) -> list[dict[str, Any]]:
    """Return the snippet in pieces, each marked or not."""
    pieces: list[dict[str, Any]] = []
    at = 0
    for begin, end in hit.highlights:
        pieces += [{"text": hit.snippet[at:begin]}, {"text": hit.snippet[begin:end], "marked": True}]
        at = end
    return [*pieces, {"text": hit.snippet[at:]}]

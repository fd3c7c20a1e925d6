from __future__ import annotations

from typing import get_args
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from projects.loose_types import Context
from projects.models import Project
from projects.models.search import LAST_ENTRY, Hit, Order, Place, search
from projects.models.work_items.queries import DISPLAY_KEY
from projects.web import item_page, page
from projects.web.named_lists import lists_named

MAX_LENGTH = 1000  # characters
LIMIT = 50  # results of a page
DIGITS = len(str(LAST_ENTRY))


@page.for_people()
def find(request: HttpRequest) -> HttpResponse:
    """Show the results for `q`, best first, in pages. A display key redirects to its item.

    `start` is the page's cursor, `before` the number of results on the preceding pages.
    """
    text = request.GET.get("q", "").strip()[:MAX_LENGTH]
    found = item_page.find(text) if DISPLAY_KEY.fullmatch(text) else None
    if found is not None:
        return redirect("item", found.display_key)
    key = request.GET.get("project", "")
    project = Project.objects.living().identified_by(key).first() if key else None
    start = _place(request.GET.get("start", ""))
    before = (_number(request.GET.get("before", "")) or 0) if start else 0
    results = search(text, project=project, limit=LIMIT, start=start)
    last = before + len(results)
    query = {"q": text, **({"project": project.key} if project else {})}
    context = {
        "project": project,
        "section": "search",
        "text": text,
        "lists": lists_named(text, project) if text and not start else (),
        "hits": [(hit, _pieces(hit)) for hit in results],
        "total": f"{results.total:,}" if results.total_is_exact else f"more than {results.total:,}",
        "places": (before + 1, last) if results and (start or results.next) else None,
        "first_page": f"?{urlencode(query)}" if start else "",
        "next_page": f"?{urlencode({**query, 'start': _spelled(results.next), 'before': last})}"
        if results.next
        else "",
    }
    return render(request, "pm/search.html", context)


def _spelled(place: Place) -> str:
    return f"{place.order}-{place.at}"


def _place(text: str) -> Place | None:
    """Parse the cursor that `_spelled` formatted. None if invalid, which shows the first page."""
    order, _, at = text.partition("-")
    number = _number(at)
    return Place(order, number) if order in get_args(Order) and number is not None else None  # type: ignore[arg-type]  # checked here


def _number(text: str) -> int | None:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= DIGITS else None
    return number if number is not None and number <= LAST_ENTRY else None


def _pieces(hit: Hit) -> list[Context]:
    """Split the snippet into highlighted and plain pieces."""
    pieces: list[Context] = []
    at = 0
    for begin, end in hit.highlights:
        pieces += [{"text": hit.snippet[at:begin]}, {"text": hit.snippet[begin:end], "marked": True}]
        at = end
    return [*pieces, {"text": hit.snippet[at:]}]

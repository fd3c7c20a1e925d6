"""View of the graph of an item's dependencies."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from projects.web import item_page, page
from projects.web.graphs.dependency_graph import DependencyGraph


@page.for_people()
def show(request: HttpRequest, identifier: str) -> HttpResponse:
    """Show what the item and those below it wait for, and what waits for them."""
    cursor = page.live_cursor()
    item = item_page.get(identifier)
    context = {
        "cursor": cursor,
        "section": "list",
        "project": item.project,
        "item": item,
        "graph": DependencyGraph(item),
    }
    return render(request, "pm/graph.html", context)

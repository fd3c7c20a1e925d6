"""Views of a project's board: show it, move cards, add cards."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from projects.models import WorkItem
from projects.models.exceptions import Claimed, HasBlockers, HasChildren
from projects.models.work_items.choices import ItemType
from projects.web import page
from projects.web.board_page import DONE_DAYS, GROUPINGS, Board
from projects.web.card_moves import move_cards
from projects.web.form_values import fresh_id
from projects.web.responses import done, explain, refused, reports_errors


@page.for_people()
def board(request: HttpRequest, key: str) -> HttpResponse:
    """Show the board, filtered and grouped by the URL query."""
    cursor = page.live_cursor()
    project = page.find_project(key)
    context = {
        "cursor": cursor,
        "section": "board",
        "project": project,
        "board": Board(project, request),
        "types": ItemType.choices,
        "groupings": GROUPINGS.items(),
        "done_days": DONE_DAYS,
    }
    return render(request, "pm/board.html", context)


@page.for_people("POST")
@reports_errors
def move(request: HttpRequest, key: str) -> HttpResponse:
    """Move the cards to where they were dropped; 409 with the reason if refused."""
    try:
        moved = move_cards(page.find_project(key), request.POST, actor=page.person(request))
    except Claimed as refusal:
        return refused(409, explain(refusal), again="unclaim=yes")
    except (HasChildren, HasBlockers) as refusal:
        return refused(409, explain(refusal), again="force=yes")
    return JsonResponse({"version": moved.item.version, "warning": moved.warning, "undo": moved.undo})


@page.for_people("POST")
@reports_errors
@transaction.atomic
def add(request: HttpRequest, key: str) -> HttpResponse:
    """Create an item with a title. The client-chosen ID makes resubmission safe."""
    project = page.find_project(key)
    pk = fresh_id(request.POST)
    if WorkItem.objects.filter(pk=pk, project=project).exists():
        return done()
    item = WorkItem(
        id=pk,
        project=project,
        title=request.POST.get("title", "").strip(),
        item_type=request.POST.get("type", ItemType.TASK),
        status=request.POST.get("status", "backlog"),
    )
    item.insert(actor=page.person(request))
    response = done(f"{item.display_key} created.")
    response.headers["PM-Created"] = item.display_key
    return response

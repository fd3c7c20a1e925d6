"""Views of a project's sprints: plan, start, end and report."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from projects.loose_types import Context
from projects.models import Project, Sprint, WorkItem
from projects.models.sprints.velocity import completed, velocity
from projects.web import page, sprint_page
from projects.web.card_moves import move_cards
from projects.web.charts.velocity import SHOWN
from projects.web.form_values import agreed_version, fresh_id, version
from projects.web.responses import done, reports_errors, undoable
from projects.web.sprint_planning import Plan, above, next_sprint, open_sprints
from projects.web.zone import zone_of

MAX_NAMED = 20  # items per message
FIELDS = ("name", "goal", "start_date", "end_date")


@page.for_people()
def sprints(request: HttpRequest, key: str) -> HttpResponse:
    """Show the plan and the report of the sprint in the URL, or of the active sprint."""
    cursor = page.live_cursor()
    project = page.find_project(key)
    past = completed(project, SHOWN)
    so_far = velocity(past)
    begun = sprint_page.started(project)
    context = {
        "cursor": cursor,
        "section": "sprints",
        "project": project,
        "plan": Plan(project, request.GET.dict(), so_far),
        "velocity": so_far,
        "report": sprint_page.find_report(project, request.GET.get("sprint", ""), begun, zone_of(request)),
        "started": begun,
        "ended": sprint_page.ended(project),
        "new": next_sprint(project, zone_of(request)),
    }
    return render(request, "pm/sprints.html", context)


@page.for_people("POST")
@reports_errors
def move(request: HttpRequest, key: str) -> HttpResponse:
    """Move the cards; 409 with the reason if refused. Warn if the sprint now exceeds the velocity."""
    project = page.find_project(key)
    item, warning, undo = move_cards(project, request.POST, actor=page.person(request))
    if item.sprint_id and request.POST.get("sprint"):
        warning = _warning(project, item.sprint_id)
    return JsonResponse({"version": item.version, "warning": warning, "undo": undo})


@page.for_people("POST")
@reports_errors
@transaction.atomic
def create(request: HttpRequest, key: str) -> HttpResponse:
    """Create a planned sprint. The client-chosen ID makes resubmission safe."""
    project = page.find_project(key)
    pk = fresh_id(request.POST)
    if Sprint.objects.filter(pk=pk, project=project).exists():
        return done()
    sprint = Sprint(id=pk, project=project, **_fields(request))
    sprint.insert(actor=page.person(request))
    return done(f"{sprint.name} created.")


@page.for_people("POST")
@reports_errors
@transaction.atomic
def change(request: HttpRequest, key: str, pk: uuid.UUID, verb: str) -> HttpResponse:
    """Edit, start, complete, cancel, reopen, delete or restore a sprint, if the form's version is current."""
    project = page.find_project(key)
    sprint = Sprint.objects.select_related("project").filter(project=project, pk=pk).first()
    if sprint is None or verb not in VERBS:
        raise Http404
    return VERBS[verb](request, sprint, agreed_version(request.POST, "anyway") or version(request.POST))


def _edit(request: HttpRequest, sprint: Sprint, version: int) -> HttpResponse:
    sprint.update(actor=page.person(request), expected_version=version, **_fields(request))
    return done(f"{sprint.name} saved.")


def _start(request: HttpRequest, sprint: Sprint, version: int) -> HttpResponse:
    sprint.start(actor=page.person(request), expected_version=version)
    return undoable(f"{sprint.name} started.", sprint)


def _complete(request: HttpRequest, sprint: Sprint, version: int) -> HttpResponse:
    wanted = request.POST.get("move_to", "")
    goal = Sprint.objects.living().identified_by(wanted).first() if wanted else None
    if wanted and goal is None:
        raise ValidationError("the sprint to move unfinished items to no longer exists")
    moved = sprint.complete(actor=page.person(request), move_to=goal, expected_version=version)
    return _over(request, sprint, f"{sprint.name} completed. {_outcome(moved, goal)}", shows_report=True)


def _cancel(request: HttpRequest, sprint: Sprint, version: int) -> HttpResponse:
    moved = sprint.cancel(actor=page.person(request), expected_version=version)
    return _over(request, sprint, f"{sprint.name} cancelled. {_outcome(moved, None)}")


def _reopen(request: HttpRequest, sprint: Sprint, version: int) -> HttpResponse:
    back = sprint.reopen(actor=page.person(request), expected_version=version)
    items = f"Returned items: {_names(back)}." if back else "No items returned."
    return _over(request, sprint, f"{sprint.name} reopened. {items}")


def _delete(request: HttpRequest, sprint: Sprint, version: int) -> HttpResponse:
    sprint.soft_delete(actor=page.person(request), expected_version=version)
    return _over(request, sprint, f"{sprint.name} deleted; its items moved to the backlog. You can restore it below.")


def _restore(request: HttpRequest, sprint: Sprint, version: int) -> HttpResponse:
    sprint.check_version(version)
    sprint.restore(actor=page.person(request))
    return _over(request, sprint, f"{sprint.name} restored, with its former items that are not in a sprint.")


VERBS: dict[str, Callable[[HttpRequest, Sprint, int], HttpResponse]] = {
    "edit": _edit,
    "start": _start,
    "complete": _complete,
    "cancel": _cancel,
    "reopen": _reopen,
    "delete": _delete,
    "restore": _restore,
}


def _fields(request: HttpRequest) -> Context:
    return {name: request.POST[name].strip() for name in FIELDS if name in request.POST}


def _outcome(moved: list[WorkItem], goal: Sprint | None) -> str:
    """Describe where the unfinished items went."""
    if not moved:
        return "There were no unfinished items."
    return f"Unfinished items moved to {goal.name if goal else 'the backlog'}: {_names(moved)}."


def _names(items: list[WorkItem]) -> str:
    names = ", ".join(item.display_key for item in items[:MAX_NAMED])
    return names + (f" and {len(items) - MAX_NAMED} more" if len(items) > MAX_NAMED else "")


def _over(request: HttpRequest, sprint: Sprint, text: str, *, shows_report: bool = False) -> HttpResponse:
    """Redirect to the sprints page with a flash message."""
    messages.success(request, text)
    query = "?" + urlencode({"sprint": sprint.pk}) if shows_report else ""
    return HttpResponse(headers={"PM-Redirect": reverse("sprints", args=[sprint.project.key]) + query})


def _warning(project: Project, sprint_id: uuid.UUID) -> str:
    """Return a warning if the sprint exceeds the velocity, else ""."""
    sprint = open_sprints(project).filter(pk=sprint_id).first()
    usual = above(velocity(completed(project, SHOWN)), sprint.points_all, sprint.items_all) if sprint else ""
    return f"{sprint.name} now exceeds the velocity of {usual}." if usual else ""

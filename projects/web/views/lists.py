"""Views of the list: show the items of one project or of all, and save the list under a name."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from projects.models import Project, SavedView
from projects.models.base import Values
from projects.web import page
from projects.web.form_values import fresh_id
from projects.web.list_page import ListPage
from projects.web.responses import done, reports_errors


@page.for_people()
def show(request: HttpRequest, key: str = "") -> HttpResponse:
    """Show the list, filtered, sorted and grouped by the URL query."""
    cursor = page.live_cursor()
    project = page.find_project(key) if key else None
    context = {"cursor": cursor, "section": "list", "project": project, "list": ListPage(request, project)}
    return render(request, "pm/list.html", context)


@page.for_people("POST")
@reports_errors
@transaction.atomic
def save(request: HttpRequest, key: str = "") -> HttpResponse:
    """Save the list of the URL query under a name. The client-chosen ID makes resubmission safe."""
    project = page.find_project(key) if key else None
    pk = fresh_id(request.POST)
    view = SavedView.objects.filter(pk=pk).first()
    if view is None:
        view = SavedView(
            id=pk,
            project=project or _any_project(),
            name=request.POST.get("name", "").strip(),
            scope="project" if project else "all",
            **ListPage(request, project).settings,
        )
        view.insert(actor=page.person(request))
    return _shown(view, project)


@page.for_people("POST")
@reports_errors
def change(request: HttpRequest, pk: uuid.UUID, verb: str) -> HttpResponse:
    """Rename or delete a view, or save the list of the URL query in it."""
    view = SavedView.objects.living().select_related("project", "created_by").filter(pk=pk).first()
    if view is None:
        raise Http404(pk)
    project = None if view.scope == "all" else view.project
    actor = page.person(request)
    if verb == "delete":
        view.soft_delete(actor=actor)
        response = done()
        response.headers["PM-Redirect"] = path_of(project)
        return response
    if verb == "rename":
        view.update(actor=actor, name=request.POST.get("name", "").strip())
    elif verb == "update":
        settings: Values = {**ListPage(request, project).settings}
        view.update(actor=actor, **settings)
    else:
        raise Http404(verb)
    return _shown(view, project)


def path_of(project: Project | None) -> str:
    """Return the URL of the list of a project, or of all."""
    return reverse("list", args=[project.key]) if project else reverse("list-all")


def _shown(view: SavedView, project: Project | None) -> HttpResponse:
    response = done()
    response.headers["PM-Redirect"] = f"{path_of(project)}?view={view.pk}"
    return response


def _any_project() -> Project:
    """Return the project that keeps a view of all projects. Raises ValidationError if none can."""
    project = Project.objects.living().filter(status="active").order_by("key").first()
    if project is None:
        raise ValidationError("there is no active project that could keep the view")
    return project

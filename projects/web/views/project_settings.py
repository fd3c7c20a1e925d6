"""The pages about projects in the settings: the list, one project, deleting and restoring it."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from projects.models import Project
from projects.web import page, project_settings
from projects.web.form_values import agreed_version, version
from projects.web.responses import answers_forms, done
from projects.web.views import projects


@page.for_people("GET", "HEAD", "POST")
def listing(request: HttpRequest) -> HttpResponse:
    """Show the projects and those that can be restored, or create one."""
    if request.method == "POST":
        return projects.create(request)
    cursor = page.live_cursor()
    context = project_settings.listing(page.person(request), request.GET.get("q", ""))
    return render(request, "pm/settings_projects.html", {"cursor": cursor, "section": "settings", **context})


@page.for_people("GET", "HEAD", "POST")
def show(request: HttpRequest, key: str) -> HttpResponse:
    """Show the settings of a project, or change its title, description or status."""
    if request.method == "POST":
        return projects.change(request, key)
    cursor = page.live_cursor()
    context = project_settings.context(page.find_project(key), page.person(request))
    return render(request, "pm/settings_project.html", {"cursor": cursor, "section": "settings", **context})


@page.for_people("POST")
@answers_forms
@transaction.atomic
def delete(request: HttpRequest, key: str) -> HttpResponse:
    """Delete a project whose key the person has typed; it can be restored."""
    found, actor = page.find_project(key), page.person(request)
    actor.check_person("delete a project here")
    if request.POST.get("key", "").strip().upper() != found.key:
        raise ValidationError({"key": f"type {found.key} to delete the project"})
    seen = agreed_version(request.POST, "anyway") or version(request.POST)
    found.soft_delete(actor=actor, expected_version=seen)
    return HttpResponse(headers={"PM-Redirect": f"{reverse('settings-projects')}#gone"})


@page.for_people("POST")
@answers_forms
@transaction.atomic
def restore(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Restore a deleted project with all that it had."""
    found, actor = get_object_or_404(Project, pk=pk), page.person(request)
    actor.check_person("restore a project here")
    found.restore(actor=actor)
    return done(f"{found.key} is back.")

"""The labels of a project: colour, rename, merge and delete them, which only people do here."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from projects.models import Label, Project, User
from projects.models.exceptions import Conflict
from projects.web import labels_page, page
from projects.web.responses import answers_forms, refused, saved_together, undoable


@page.for_people()
def choose(request: HttpRequest) -> HttpResponse:
    """Lead to the labels of the first project."""
    project = Project.objects.living().order_by("status", "key").first()
    return redirect("settings-labels", project.key) if project else redirect("settings-projects")


@page.for_people("GET", "HEAD", "POST")
@answers_forms
def labels(request: HttpRequest, key: str) -> HttpResponse:
    """Show the labels of a project, or change the one that `name` names."""
    project = page.find_project(key)
    if request.method != "POST":
        context = labels_page.context(project, page.person(request), request.GET.get("q", ""))
        return render(request, "pm/settings_labels.html", {"section": "settings", **context})
    with transaction.atomic():
        return _change(request, project)


def _change(request: HttpRequest, project: Project) -> HttpResponse:
    actor, name = page.person(request), request.POST.get("name", "").strip()
    actor.check_person("change labels here")
    if "colour" in request.POST:
        row = Label.objects.put(project, name, actor=actor, colour=request.POST["colour"])
        return saved_together(f"Label {row.name} is {row.colour} now.")
    if "delete" in request.POST:
        return _delete(project, name, actor)
    new = request.POST.get("new_name", "").strip()
    try:
        count = Label.objects.rename(project, name, new, actor=actor, merge="merge" in request.POST)
    except Conflict as conflict:
        if conflict.field != "name":
            raise
        transaction.set_rollback(True)
        return refused(409, f"{conflict.message}: all items with {name} get {new} instead.", again="merge=yes")
    text = f"{name} is {new} now, on {count} item{'' if count == 1 else 's'}."
    return saved_together(text)


def _delete(project: Project, name: str, actor: User) -> HttpResponse:
    found = Label.objects.living().filter(project=project, name__iexact=name).select_related("project").first()
    if found is None:
        raise ValidationError(f"no label {name} has a colour")
    found.soft_delete(actor=actor)
    return undoable(f"Label {found.name} deleted.", found)

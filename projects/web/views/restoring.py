"""Restoring a backup: a person uploads it, sees what it holds, and confirms."""

from __future__ import annotations

import os
import signal
import uuid

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from discovery import runtime
from projects.models import Activity, LoginTicket, Project, User, WorkItem
from projects.models.exceptions import NotYours
from projects.models.user import system_name
from projects.transfer import restoring
from projects.web import page
from projects.web.responses import answers_forms

LINK_LIFE = 60  # seconds that the link which signs the person in again is valid


def _check(person: User) -> None:
    """Raise NotYours unless the user may replace everything, also the users and their rights."""
    person.check_person("restore a backup")
    if not person.is_superuser:
        raise NotYours("only a superuser can restore a backup")


@csrf_exempt  # checked after the sign-in: a token in the form makes Django read the whole file
@page.for_people("POST")
@csrf_protect
@answers_forms
def upload(request: HttpRequest) -> HttpResponse:
    """Stage the uploaded backup, and lead to what it holds."""
    _check(page.person(request))
    file = request.FILES.get("file")
    if file is None:
        raise ValidationError("Choose the file of a backup first.")
    token = restoring.stage(file)
    return HttpResponse(headers={"PM-Redirect": reverse("restore-look", args=[uuid.UUID(token)])})


@page.for_people("GET", "HEAD", "POST")
@answers_forms
def look(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    """Show what a staged backup holds, or restore it."""
    _check(page.person(request))
    try:
        if request.method == "POST":
            return _restore(request, token)
        contents = restoring.look(token.hex)
    except FileNotFoundError:
        raise Http404(token) from None
    context = {
        "backup": contents,
        "token": token,
        "items": WorkItem.objects.living().count(),
        "projects": Project.objects.living().count(),
        "changed_at": Activity.objects.order_by("-id").values_list("created_at", flat=True).first(),
    }
    return render(request, "pm/settings_restore.html", {"section": "settings", **context})


def _restore(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    if request.POST.get("sure") != "yes":
        raise ValidationError("Nothing was done: agree that the backup replaces the board.")
    is_owner = page.person(request).username == system_name()
    restoring.apply(token.hex)
    _replace_workers()
    if not is_owner:  # the link signs in the operating system's user
        return HttpResponse(headers={"PM-Redirect": reverse("signed-out")})
    ticket, _ = LoginTicket.objects.issue(LINK_LIFE)
    request.session.clear()  # it is not in the restored database
    request.session.modified = False
    return HttpResponse(headers={"PM-Redirect": reverse("login-link", args=[ticket])})


def _replace_workers() -> None:
    """Ask the server for new workers: what these remember of users may not be in the restored board."""
    info = runtime.current.info
    if info is not None and os.getppid() == info.pid:
        os.kill(info.pid, signal.SIGHUP)

"""Views of the settings, which only people change."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from projects.entities.project import POLICIES
from projects.loose_types import FieldValue
from projects.models import Check, User
from projects.models.user import AGENT, PERSON
from projects.web import page, settings_page
from projects.web.form_values import agreed_version, fresh_id
from projects.web.responses import answers_forms, done

KINDS = (PERSON, AGENT)
CHECK_FIELDS = ("name", "command", "timeout_seconds", "requirement")


@page.for_people()
def show(request: HttpRequest) -> HttpResponse:
    """Show the settings; without buttons for users who may not change them."""
    cursor = page.live_cursor()
    context = settings_page.context(page.person(request))
    return render(request, "pm/settings.html", {"cursor": cursor, "section": "settings", **context})


@page.for_people("POST")
@answers_forms
@transaction.atomic
def kind(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Say whether a user is a person or an agent."""
    found = get_object_or_404(User, pk=pk)
    found.confirm_kind(_kind(request), actor=page.person(request))
    return done(f"{found.username} is {'an agent' if found.is_agent else 'a person'} now.")


@page.for_people("POST")
@answers_forms
@transaction.atomic
def kinds(request: HttpRequest) -> HttpResponse:
    """Confirm that all users of earlier versions are of the kind that is shown."""
    person, count = page.person(request), 0
    person.check_person("change the kind of a user")
    for found in User.objects.filter(is_kind_confirmed=False):
        found.confirm_kind(found.kind, actor=person)
        count += 1
    return done(f"The kinds of {count} users are confirmed.")


@page.for_people("POST")
@answers_forms
@transaction.atomic
def policies(request: HttpRequest, key: str) -> HttpResponse:
    """Change what an item of a project needs before it is done."""
    project = page.find_project(key)
    values = {name: request.POST[name] for name in POLICIES if name in request.POST}
    seen = agreed_version(request.POST, "anyway", "version")
    changed = project.update(actor=page.person(request), expected_version=seen, **values)
    return done(f"Policies of {project.key} saved." if changed else "No changes.")


@page.for_people("POST")
@answers_forms
@transaction.atomic
def add_check(request: HttpRequest, key: str) -> HttpResponse:
    """Define a check of a project; who writes its command has approved it on this clone."""
    project, pk = page.find_project(key), fresh_id(request.POST)
    if not Check.objects.filter(pk=pk).exists():
        Check(id=pk, project=project, **_check_values(request)).insert(actor=page.person(request))
    return done("Check added.")


@page.for_people("POST")
@answers_forms
@transaction.atomic
def check(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Approve the command of a check on this clone, change the check, or delete it."""
    found = get_object_or_404(Check.objects.living().select_related("project"), pk=pk)
    person = page.person(request)
    if "digest" in request.POST:
        found.approve(actor=person, digest=request.POST["digest"])
        return done(f"{found.name} may run on this clone.")
    seen = agreed_version(request.POST, "anyway", "version")
    if "delete" in request.POST:
        found.soft_delete(actor=person, expected_version=seen)
        return done(f"{found.name} deleted.")
    changed = found.update(actor=person, expected_version=seen, **_check_values(request))
    return done(f"{found.name} saved." if changed else "No changes.")


def _check_values(request: HttpRequest) -> dict[str, FieldValue]:
    values: dict[str, FieldValue] = {name: request.POST.get(name, "").strip() for name in CHECK_FIELDS}
    return {**values, "item_types": ",".join(request.POST.getlist("item_types"))}


def _kind(request: HttpRequest) -> str:
    wanted = request.POST.get("kind", "")
    if wanted not in KINDS:
        raise ValidationError({"kind": f"must be one of: {', '.join(KINDS)}"})
    return wanted

"""Views that create and change projects, and load the example."""

from __future__ import annotations

import io
import json
import time
import uuid

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from projects import demo_board
from projects.models import Project, User, WorkItem
from projects.models.edits import edit
from projects.models.exceptions import Conflict
from projects.transfer import importer
from projects.web import page
from projects.web.form_values import agreed_version, fresh_id, version
from projects.web.responses import answers_forms, done, is_scripted, reports_errors, undoable

CHANGED = ("title", "description", "status")  # fields of the form


@page.for_people("POST")
@answers_forms
@transaction.atomic
def create(request: HttpRequest) -> HttpResponse:
    """Create a project, by default with a key that its title suggests.

    The client-chosen ID makes resubmission safe; a browser without scripts sends none.
    """
    pk = fresh_id(request.POST) if is_scripted(request) else uuid.uuid4()
    found = Project.objects.filter(pk=pk).first()
    if found is None:
        title = request.POST.get("title", "")
        key = request.POST.get("key", "").strip().upper() or Project.objects.free_key(title)
        found = Project(id=pk, key=key, title=title)
        found.insert(actor=page.person(request))
    return _to_board(found.key)


@page.for_people()
def suggest(request: HttpRequest) -> HttpResponse:
    """Answer the key that a title suggests, as text."""
    title = request.GET.get("title", "").strip()
    return done(Project.objects.free_key(title) if title else "")


@page.for_people("POST")
@answers_forms
@transaction.atomic
def change(request: HttpRequest, key: str) -> HttpResponse:
    """Rename or describe a project, archive it or make it active again."""
    found, actor = page.find_project(key), page.person(request)
    actor.check_person("change a project here")
    values = {name: request.POST[name] for name in CHANGED if name in request.POST}
    seen, anyway = version(request.POST), agreed_version(request.POST, "anyway")
    if not edit(found, values, actor=actor, seen=seen, anyway=anyway):
        return done("No changes.")
    outcomes = {"archived": "is archived now, and read-only", "active": "is active again"}
    return undoable(f"{found.key} {outcomes[values['status']] if 'status' in values else 'saved'}.", found)


@page.for_people("POST")
@reports_errors
@transaction.atomic
def example(request: HttpRequest) -> HttpResponse:
    """Fill an empty board with the example project of `pm demo`."""
    if Project.objects.living().exists():
        raise Conflict("the board already has projects; the example needs an empty one")
    document = json.dumps(demo_board.document(time.time())).encode()
    importer.read(io.BytesIO(document), actor=page.person(request))
    item = WorkItem.objects.living().identified_by(demo_board.CLAIMED).get()
    item.claim(actor=User.objects.actor("llm"))
    return _to_board(demo_board.KEY)


def _to_board(key: str) -> HttpResponse:
    return HttpResponse(headers={"PM-Redirect": reverse("board", args=[key])})

"""Views of an item's comments, children and dependencies."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from projects.entities.dependency import RELATIONS
from projects.models import Comment, Dependency, WorkItem
from projects.models.edits import edit
from projects.models.work_items.hierarchy import PARENTS
from projects.web import item_page, page
from projects.web.form_values import agreed_version, fresh_id, version
from projects.web.item_lookup import offers, resolve
from projects.web.responses import done, reports_errors, undoable
from projects.web.ticking import ticked


@page.for_people("POST")
@reports_errors
@transaction.atomic
def comment(request: HttpRequest, identifier: str) -> HttpResponse:
    """Add a comment. The client-chosen ID makes resubmission safe."""
    found, pk = item_page.get(identifier), fresh_id(request.POST)
    if not Comment.objects.filter(pk=pk).exists():
        new = Comment(id=pk, work_item=found, content=request.POST.get("content", ""))
        new.kind = request.POST.get("kind", new.kind)
        new.insert(actor=page.person(request))
    return done()


@page.for_people("POST")
@reports_errors
@transaction.atomic
def edit_comment(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Edit or delete the user's own comment, or confirm a decision."""
    found = get_object_or_404(Comment.objects.select_related("work_item__project", "created_by"), pk=pk)
    if "confirm" in request.POST:
        found.check_version(version(request.POST))
        found.confirm(actor=page.person(request))
        return done("Decision confirmed.")
    if "delete" in request.POST:
        found.soft_delete(actor=page.person(request))
        return undoable("Comment deleted", found)
    content = {"content": request.POST.get("content", "")}
    seen, anyway = version(request.POST), agreed_version(request.POST, "anyway")
    edit(found, content, actor=page.person(request), seen=seen, anyway=anyway)
    return done("Saved.")


@page.for_people("POST")
@reports_errors
@transaction.atomic
def tick_comment(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Tick a task of a comment, or remove its tick; for those who may edit the comment."""
    found = get_object_or_404(Comment.objects.select_related("work_item__project", "created_by"), pk=pk)
    found.check_version(version(request.POST))
    return ticked(request, found, "content")


@page.for_people("POST")
@reports_errors
@transaction.atomic
def child(request: HttpRequest, identifier: str) -> HttpResponse:
    """Create a child item. The client-chosen ID makes resubmission safe."""
    found, pk = item_page.get(identifier), fresh_id(request.POST)
    if WorkItem.objects.filter(pk=pk).exists():
        return done()
    found.check_living()
    new = WorkItem(id=pk, project=found.project, parent=found, title=request.POST.get("title", ""))
    new.item_type = request.POST.get("type", "task")
    new.insert(actor=page.person(request))
    return done(f"{new.display_key} created.")


@page.for_people()
def offer(request: HttpRequest, identifier: str) -> HttpResponse:
    """Suggest items that match the text typed as `other`, or possible parents that match the text of `parent`."""
    found, is_parent = item_page.get(identifier), "parent" in request.GET
    text = request.GET.get("parent" if is_parent else "other", "").strip()
    types = PARENTS[found.item_type] if is_parent else ()
    shown = offers(found.project, text, without=(found.display_key,), types=types) if text else []
    context = {"offers": shown, "text": text, "field": "value" if is_parent else "pick"}
    return render(request, "pm/item_offers.html", context)


@page.for_people("POST")
@reports_errors
@transaction.atomic
def link(request: HttpRequest, identifier: str) -> HttpResponse:
    """Create a dependency with the chosen item, or the one that a key or words identify."""
    found, pk, kind = item_page.get(identifier), fresh_id(request.POST), request.POST.get("kind", "")
    if kind not in RELATIONS:
        raise ValidationError({"kind": f"must be one of {', '.join(RELATIONS)}"})
    if not Dependency.objects.filter(pk=pk).exists():
        typed = request.POST.get("pick") or request.POST.get("other", "")
        other = resolve(found.project, typed, field="other", without=(found.display_key,))
        Dependency.between(found, kind, other, pk=pk).insert(actor=page.person(request))
    return done("Dependency added.")


@page.for_people("POST")
@reports_errors
@transaction.atomic
def unlink(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Delete a dependency."""
    ends = ("blocking_item__project", "blocked_item__project")
    found = get_object_or_404(Dependency.objects.select_related(*ends), pk=pk)
    found.soft_delete(actor=page.person(request))
    return undoable("Dependency removed", found)

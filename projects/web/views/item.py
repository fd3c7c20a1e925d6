"""An item: seen, edited, deleted and brought back."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from projects.models import Activity, WorkItem
from projects.models.exceptions import Conflict, HasBlockers, HasChildren
from projects.models.undo import undo as undo_change
from projects.web import item, item_form, page
from projects.web.answers import done, explain, refused, says_why
from projects.web.item_keys import LivingProjects
from projects.web.markdown import to_html

BEFORE = 19  # digits of an activity's id


@page.for_people()
def show(request: HttpRequest, identifier: str) -> HttpResponse:
    """Show an item with all around it; a deleted one with the way back."""
    cursor = page.live_cursor()
    found = item.get(identifier)
    before = request.GET.get("before", "")
    older_than = int(before) if before.isdecimal() and len(before) < BEFORE else None
    context = item.context(found, page.person(request), older_than)
    return render(request, "pm/item.html", {"cursor": cursor, "section": "item", **context})


@page.for_people("POST")
@says_why
@transaction.atomic
def edit(request: HttpRequest, identifier: str) -> HttpResponse:
    """Write what a form changed; who was told of others' changes may insist."""
    found = item.get(identifier)
    try:
        changed = item_form.save(found, request.POST, actor=page.person(request))
    except (HasChildren, HasBlockers) as refusal:
        # Who insists on this knows the version as well.
        return refused(409, explain(refusal), again=f"force={found.version}")
    return done("Saved." if changed else "Nothing was changed.")


@page.for_people("POST")
def preview(request: HttpRequest) -> HttpResponse:
    """Answer the HTML of the Markdown that is being typed."""
    text = request.POST.get("description") or request.POST.get("content") or ""
    return HttpResponse(to_html(text, LivingProjects()))


@page.for_people("POST")
@says_why
@transaction.atomic
def delete(request: HttpRequest, identifier: str) -> HttpResponse:
    """Delete it with what is below it, if that is as many as the person was told."""
    found = item.get(identifier)
    below = WorkItem.objects.living().descendants_of(found.pk).count()
    if request.POST.get("below") != str(below):
        raise Conflict(f"by now {below} items are below {found.display_key}; look again, then delete")
    found.soft_delete(actor=page.person(request), recursive=bool(below))
    return done(f"{found.display_key} is deleted.")


@page.for_people("POST")
@says_why
@transaction.atomic
def restore(request: HttpRequest, identifier: str) -> HttpResponse:
    """Bring it back, with what its deletion took along."""
    found = item.get(identifier)
    found.restore(actor=page.person(request))
    return done(f"{found.display_key} is back.")


@page.for_people("POST")
@says_why
@transaction.atomic
def release(request: HttpRequest, identifier: str) -> HttpResponse:
    """End whosever claim it is."""
    found = item.get(identifier)
    found.release(actor=page.person(request), force=True)
    return done(f"{found.display_key} is free.")


@page.for_people("POST")
@says_why
@transaction.atomic
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one line of the history back."""
    undo_change(get_object_or_404(Activity, pk=pk), actor=page.person(request))
    return done("Undone.")

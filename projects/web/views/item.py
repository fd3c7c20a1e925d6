"""Views of an item: show, tick, delete, restore, undo."""

from __future__ import annotations

from urllib.parse import urlencode

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from projects.commits import index, ownership
from projects.models import Activity, WorkItem
from projects.models.edits import undo as undo_change
from projects.models.exceptions import Conflict
from projects.sync.exceptions import GitError
from projects.web import item_page, item_panel, page
from projects.web.diff import diff_lines
from projects.web.form_values import agreed_version, version
from projects.web.markdown.item_keys import LivingProjects
from projects.web.markdown.rendering import to_html
from projects.web.responses import answers_forms, done, explain, refused, reports_errors, undoable
from projects.web.ticking import ticked

BEFORE = 19  # digits of an activity ID


@page.for_people()
def show(request: HttpRequest, identifier: str) -> HttpResponse:
    """Show an item with its related objects; a deleted item with a restore button."""
    cursor = page.live_cursor()
    found = item_page.find(identifier, deleted=True)
    if found is None:
        return _by_reference(identifier)
    before = request.GET.get("before", "")
    older_than = int(before) if before.isdecimal() and len(before) < BEFORE else None
    context = item_page.context(found, page.person(request), older_than)
    return render(request, "pm/item.html", {"cursor": cursor, "section": "item", **context})


def _by_reference(reference: str) -> HttpResponse:
    """Redirect to the item that another tracker knows by this name. Raises Http404."""
    items = WorkItem.objects.referred_to_by(reference).select_related("project")[:2]
    if not items:
        raise Http404(reference)
    if len(items) > 1:
        return redirect(f"{reverse('search')}?{urlencode({'q': reference})}")
    return redirect("item", items[0].display_key)


@page.for_people()
def panel(request: HttpRequest, identifier: str) -> HttpResponse:
    """Answer the item's panel alone, for the script that shows it beside a page."""
    return HttpResponse(item_panel.render(item_page.get(identifier), request))


@page.for_people()
def commit(request: HttpRequest, identifier: str, sha: str) -> HttpResponse:
    """Show the diff of a commit that names the item."""
    found = item_page.get(identifier)
    named = get_object_or_404(ownership.commits_of(found), pk=sha)
    repository = index.board_repository()
    try:
        patch = repository.patch(named.sha) if repository and not named.reported_by else None
    except GitError as error:
        return render(
            request, "pm/commit.html", {"item": found, "project": found.project, "commit": named, "error": str(error)}
        )
    lines = patch.text.splitlines() if patch else []
    context = {
        "item": found,
        "project": found.project,
        "commit": named,
        "lines": diff_lines(lines),
        "is_cut": patch is not None and patch.is_cut,
    }
    return render(request, "pm/commit.html", context)


@page.for_people("POST")
@reports_errors
@transaction.atomic
def tick(request: HttpRequest, identifier: str) -> HttpResponse:
    """Tick a task of the description, or remove its tick."""
    found = item_page.get(identifier)
    found.check_version(version(request.POST))
    return ticked(request, found, "description")


@page.for_people("POST")
def preview(request: HttpRequest) -> HttpResponse:
    """Return a preview of the submitted Markdown as HTML."""
    text = next((request.POST[name] for name in ("description", "content", "value") if name in request.POST), "")
    return HttpResponse(to_html(text, LivingProjects()))


@page.for_people("POST")
@reports_errors
@transaction.atomic
def delete(request: HttpRequest, identifier: str) -> HttpResponse:
    """Delete the item and its descendants, if their number is still the one the page showed."""
    found = item_page.get(identifier)
    below = WorkItem.objects.living().descendants_of(found.pk).count()
    if request.POST.get("below") != str(below):
        raise Conflict(f"{found.display_key} now has {below} descendants; review them and delete again")
    found.soft_delete(actor=page.person(request), recursive=bool(below))
    response = undoable(f"{found.display_key} deleted", found)
    response.headers["PM-Deleted"] = reverse("settings-deleted", args=[found.project.key])
    return response


@page.for_people("POST")
@answers_forms
@transaction.atomic
def restore(request: HttpRequest, identifier: str) -> HttpResponse:
    """Restore the item and the descendants deleted with it."""
    found = item_page.get(identifier)
    found.restore(actor=page.person(request))
    return done(f"{found.display_key} restored.")


@page.for_people("POST")
@reports_errors
@transaction.atomic
def release(request: HttpRequest, identifier: str) -> HttpResponse:
    """Release the claim; one of another user only after asking."""
    found, person = item_page.get(identifier), page.person(request)
    if not found.is_held_by(person) and agreed_version(request.POST, "unclaim") != found.version:
        return refused(409, explain(found.claim_refusal()), again=f"unclaim={found.version}")
    found.release(actor=person, force=True)
    return done(f"Claim on {found.display_key} released.")


@page.for_people("POST")
@reports_errors
@transaction.atomic
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo one line of the history."""
    undo_change(get_object_or_404(Activity, pk=pk), actor=page.person(request))
    return done("Undone.")

"""Views of the agents page: show the sessions; hand over, end a claim, leave a note, for people only."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from projects.models import Comment, PendingNote, Session, User, WorkItem
from projects.models.comment import Kind
from projects.models.exceptions import Conflict
from projects.web import item_page, page
from projects.web.agents_page import AgentsPage
from projects.web.form_values import agreed_version
from projects.web.responses import explain, refused, reports_errors, saved

SESSION, PERSON = "session", "person"  # what an item can be given to


@page.for_people()
def show(request: HttpRequest) -> HttpResponse:
    """Show a lane for each session."""
    cursor = page.live_cursor()
    context = {"cursor": cursor, "section": "agents", "agents": AgentsPage(request, page.person(request))}
    return render(request, "pm/agents.html", context)


@page.for_people("POST")
@reports_errors
@transaction.atomic
def note(request: HttpRequest, pk: str, identifier: str = "") -> HttpResponse:
    """Leave a note for a session, about an item if there is one."""
    session, item = _session(pk), item_page.get(identifier) if identifier else None
    PendingNote.objects.leave(request.POST.get("text", ""), session, actor=page.person(request), item=item)
    about = f" about {item.display_key}" if item else ""
    return saved(f"{session} will see the note{about} with its next command.", None)


@page.for_people("POST")
@reports_errors
@transaction.atomic
def hand_over(request: HttpRequest, pk: str, identifier: str) -> HttpResponse:
    """Give an item that the session holds to another live session, or to a person."""
    session, item, person = _session(pk), item_page.get(identifier), page.person(request)
    person.check_person("hand over what a session holds")
    _check_held(item, session)
    kind, _, name = request.POST.get("to", "").partition(":")
    text = request.POST.get("text", "").strip()
    give = {SESSION: _give_to_session, PERSON: _give_to_person}.get(kind)
    if give is None:
        raise ValidationError("choose a session or a person")
    said = give(item, name, text, person)
    return _with_undo(said, item, session)


@page.for_people("POST")
@reports_errors
@transaction.atomic
def end(request: HttpRequest, pk: str, identifier: str) -> HttpResponse:
    """End the claim of the session, after asking once."""
    session, item, person = _session(pk), item_page.get(identifier), page.person(request)
    person.check_person("end the claim of a session")
    _check_held(item, session)
    if agreed_version(request.POST, "unclaim") != item.version:
        if item.is_claimed:
            return refused(409, explain(item.claim_refusal()), again=f"unclaim={item.version}")
        message = f"The claim of {item.display_key} expired; the item goes back to its earlier status."
        return refused(409, message, again=f"unclaim={item.version}")
    item.release(actor=person, force=True)
    return _with_undo(f"The claim of {item.display_key} is ended.", item, session)


@page.for_people("POST")
@reports_errors
@transaction.atomic
def give_back(request: HttpRequest, pk: str, identifier: str) -> HttpResponse:
    """Give the claim back to the session that had it: the undo of the other acts."""
    session, item = _session(pk), item_page.get(identifier)
    item.hand_over(session, actor=page.person(request))
    return saved(f"{session} has {item.display_key} again, for another hour.", None)


def _session(pk: str) -> Session:
    return get_object_or_404(Session.objects.select_related("actor"), pk=pk)


def _check_held(item: WorkItem, session: Session) -> None:
    if item.claimed_by_id is None or item.claim_session != session.pk:
        raise Conflict(f"{session} no longer holds {item.display_key}")


def _give_to_session(item: WorkItem, pk: str, text: str, person: User) -> str:
    target = _session(pk)
    item.hand_over(target, actor=person)
    PendingNote.objects.leave(text or f"Handed over by {person.username}.", target, actor=person, item=item)
    return f"{item.display_key} is handed over to {target}."


def _give_to_person(item: WorkItem, name: str, text: str, person: User) -> str:
    target = User.objects.known(name)
    if target.is_agent:
        raise ValidationError(f"{target.username} is an agent; choose one of its sessions")
    item.release(actor=person, force=True)
    item.update(actor=person, assignee_id=target.pk)
    if text:
        Comment(work_item=item, content=text, kind=Kind.HANDOVER).insert(actor=person)
    return f"{item.display_key} is handed over to {target.username}."


def _with_undo(text: str, item: WorkItem, session: Session) -> HttpResponse:
    """Return the answer, with an undo if the session could have its claim again."""
    response = saved(text, None)
    if Session.objects.live().filter(pk=session.pk).exists():
        response.headers["PM-Undo"] = reverse("agents-give-back", args=[session.pk, item.display_key])
    return response

"""Views that turn sync on and off and run it, which only people do."""

from __future__ import annotations

import functools
from contextlib import suppress

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from projects import browser_sync
from projects.loose_types import Framework
from projects.models import User
from projects.models.exceptions import Conflict
from projects.sync import service
from projects.sync.exceptions import SyncError
from projects.web import page, sync_page
from projects.web.responses import View, done, refused, reports_errors


def _for_people(view: View) -> View:
    """Refuse agents, and browsers that an agent's link signed in; report errors of git and of sync."""

    @page.for_people("POST")
    @reports_errors
    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Framework, **kwargs: Framework) -> HttpResponse:
        page.person(request).check_person("share the board")
        try:
            return view(request, *args, **kwargs)
        except SyncError as error:
            return refused(409, browser_sync.explained(error))

    return wrapped


@page.for_people()
def show(request: HttpRequest) -> HttpResponse:
    """Ask a person whether to share the board, and say what that means."""
    person = page.person(request)
    if not person.acts_as_person or service.status()["enabled"]:
        return redirect("settings")
    context = {"cursor": page.live_cursor(), "section": "settings", **sync_page.confirmation(person)}
    return render(request, "pm/sync.html", context)


@_for_people
def enable(request: HttpRequest) -> HttpResponse:
    """Join the board of a remote, or found it there, and synchronise."""
    form = request.POST
    if form.get("agreed") != "yes":
        raise ValidationError("Nothing was done: agree to what sharing means.")
    name, _, url = form.get("remote", "").partition(" ")
    ref = form.get("ref", "").strip() or browser_sync.REF
    browser_sync.enable(remote=name, url=url, ref=ref, person=_name(request), interval=_interval(request))
    with suppress(Conflict):  # the settings show why the first sync failed
        browser_sync.run()
    return HttpResponse(headers={"PM-Redirect": reverse("settings")})


@_for_people
def change(request: HttpRequest) -> HttpResponse:
    """Change how often this clone synchronises."""
    service.change(interval=_interval(request))
    return done("Saved.")


@_for_people
def disable(request: HttpRequest) -> HttpResponse:
    """Leave the board; what is here stays."""
    service.disable()
    return done("Sync is off. The board stays as it is.")


@_for_people
def run(request: HttpRequest) -> HttpResponse:
    """Synchronise now."""
    if not service.status()["enabled"]:
        raise Conflict("sync is off")
    return done(browser_sync.run())


def _name(request: HttpRequest) -> str:
    person: User = page.person(request)
    return str(person.username)


def _interval(request: HttpRequest) -> int:
    wanted = request.POST.get("interval", "")
    if wanted not in {str(seconds) for seconds, _ in sync_page.INTERVALS}:
        raise ValidationError({"interval": "choose one of the list"})
    return int(wanted)

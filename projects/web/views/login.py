"""The login link, which signs in without a password."""

from __future__ import annotations

from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from projects.middleware import AGENT
from projects.models import LoginTicket, User
from projects.web.appearance import appearance
from projects.web.responses import safe_only

BACKEND = "django.contrib.auth.backends.ModelBackend"
PURPOSES = ("HTTP_PURPOSE", "HTTP_SEC_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")


@safe_only
def login_link(request: HttpRequest, ticket: str) -> HttpResponse:
    """Spend the ticket and sign in the superuser named after the operating system's user."""
    if request.method == "HEAD" or any("pre" in request.META.get(name, "").lower() for name in PURPOSES):
        # The browser is prefetching; don't spend the ticket.
        response = HttpResponse(status=204)
    elif _sign_in(request, ticket):
        response = HttpResponseRedirect(_target(request))
        response.status_code = 303
    else:
        response = HttpResponse(_page(request, "errors/link_spent.html"), status=410)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


@safe_only
def signed_out(request: HttpRequest) -> HttpResponse:
    """Say how to come back, to who signed out; someone who is signed in has nothing to do here."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(reverse("home"))
    response = HttpResponse(_page(request, "errors/signed_out.html"))
    response["Cache-Control"] = "no-store"
    return response


def _page(request: HttpRequest, template: str) -> str:
    return render_to_string(template, {"appearance": appearance(request)})


@transaction.atomic
def _sign_in(request: HttpRequest, ticket: str) -> bool:
    spent = LoginTicket.objects.spend(ticket)
    if spent is None:
        return False
    # login() rotates the session key, which prevents session fixation.
    login(request, User.objects.owner(), backend=BACKEND)
    request.session[AGENT] = spent.agent
    return True


def _target(request: HttpRequest) -> str:
    wanted = request.GET.get("next", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else reverse("home")

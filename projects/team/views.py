"""Pages of a team's server: approving a sign-in from a command line, and one's own tokens."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from projects.models import ApiToken, DeviceCode
from projects.models.exceptions import Refused
from projects.team import audit, limits, throttling
from projects.web import page

WORDS = {
    "read": "read everything",
    "write": "change the board",
    "claim": "take work",
    "act-as": "act as an agent, with your name beside it",
    "admin": "administer the server",
    "person": "decide as you, at a terminal: accept, answer, waive",
}


class SignInForm(AuthenticationForm):
    """The form of a name and a password."""

    error_messages = {
        "invalid_login": "The name or the password is wrong. Both are case-sensitive.",
        "inactive": "The name or the password is wrong. Both are case-sensitive.",
    }


@page.for_people("GET", "HEAD", "POST")
def device(request: HttpRequest) -> HttpResponse:
    """Show a sign-in that waits for a person, and take the answer."""
    text = request.POST.get("code", request.GET.get("code", ""))
    code = DeviceCode.objects.named(text) if text else None
    trouble = ""
    if text and code is None:
        throttling.check(request, [(limits.DEVICE_GUESSES, str(page.person(request).pk))])
        trouble = "This code is unknown or has expired. Compare it with your terminal, or start again there."
    elif request.method == "POST" and code is not None:
        is_approved = request.POST.get("answer") == "approve"
        try:
            with transaction.atomic():
                code.answer(page.person(request), is_approved=is_approved)
        except Refused as refusal:
            trouble = f"{refusal.message[:1].upper()}{refusal.message[1:]}."
        else:
            event = "sign_in_approved" if is_approved else "sign_in_denied"
            audit.record(event, request, user=page.person(request).username, name=code.name, scopes=code.scopes)
            done = "Your terminal is signed in. You can close this page." if is_approved else "The sign-in is denied."
            return render(request, "team/device.html", {"done": done})
    context = {
        "code": code,
        "trouble": trouble,
        "text": text,
        "rights": [WORDS[scope] for scope in code.scopes.split()] if code else [],
    }
    return render(request, "team/device.html", context, status=400 if trouble else 200)


@page.for_people("GET", "HEAD", "POST")
def tokens(request: HttpRequest) -> HttpResponse:
    """List the person's tokens, and revoke one."""
    user = page.person(request)
    if request.method == "POST":
        given = request.POST.get("token", "")
        token = ApiToken.objects.filter(user=user, pk=given if given.isdecimal() else 0).first()
        if token is not None:
            token.revoke()
            audit.record("token_revoked", request, user=user.username, token=token.pk, name=token.name)
            messages.success(request, f"The token “{token.name}” is revoked.")
        return HttpResponseRedirect(reverse("own-tokens"))
    context = {"tokens": ApiToken.objects.filter(user=user), "provider": settings.PM_OIDC}
    if settings.PM_OIDC:
        from allauth.socialaccount.models import SocialAccount

        context["connections"] = SocialAccount.objects.filter(user=user, provider=settings.PM_OIDC["id"]).exists()
    return render(request, "team/tokens.html", context)

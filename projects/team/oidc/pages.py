"""Pages of a sign-in with the provider that did not work, and the one that leads to it."""

from __future__ import annotations

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

logger = logging.getLogger(__name__)


def refusal(request: HttpRequest, text: str, status: int = 403) -> HttpResponse:
    """Return the page about a sign-in that is refused."""
    return render(request, "team/oidc_refused.html", {"text": text}, status=status)


def unreachable(request: HttpRequest, error: Exception) -> HttpResponse:
    """Return the page for a provider that does not answer; the log has the details."""
    name = settings.PM_OIDC["name"]
    logger.error("%s does not answer: %s", name, error)
    text = f"{name} can't be reached, so nobody can sign in with it now. Passwords and tokens of this board still work."
    response = refusal(request, text, status=503)
    response.headers["Retry-After"] = "30"
    return response


def onward(request: HttpRequest, url: str) -> HttpResponse:
    """Return a page that leads to the provider.

    A form may not lead to another host: browsers apply form-action of the policy to redirects, too.
    """
    response = render(request, "team/oidc_onward.html", {"url": url, "name": settings.PM_OIDC["name"]})
    response.headers["Cache-Control"] = "no-store"
    return response

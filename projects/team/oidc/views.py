"""Leading to the provider, and coming back."""

from __future__ import annotations

import secrets

from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from requests import RequestException

from projects.models import User
from projects.team import limits, throttling
from projects.team.oidc.identities import CONNECT
from projects.team.oidc.pages import onward, refusal, unreachable
from projects.team.oidc.provider_client import ProviderClient

LOGIN = "login"


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Lead to the provider: to sign in, or to connect the account there with the user who is signed in here."""
    throttling.check(request, [(limits.PROVIDER_SIGN_INS, limits.network(request.META["REMOTE_ADDR"]))])
    user = request.user if isinstance(request.user, User) else None
    process = CONNECT if user is not None and request.POST.get("process") == CONNECT else LOGIN
    if user is not None and process == LOGIN:
        return HttpResponseRedirect(reverse("home"))
    nonce = secrets.token_urlsafe(24)
    client = ProviderClient(request, settings.PM_OIDC["id"])
    try:
        answer: HttpResponse = client.get_provider().redirect(
            request,
            process,
            next_url=_safe(request, request.POST.get("next", "")) if process == LOGIN else reverse("own-tokens"),
            auth_params={"nonce": nonce},
            nonce=nonce,
            user=str(user.pk) if user is not None else "",
        )
    except RequestException as error:
        return unreachable(request, error)
    except OAuth2Error as error:
        return _unusable(request, error)
    return onward(request, answer["Location"])


@never_cache
@require_GET
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take the answer of the provider."""
    throttling.check(request, [(limits.PROVIDER_SIGN_INS, limits.network(request.META["REMOTE_ADDR"]))])
    try:
        answer: HttpResponse = OAuth2CallbackView.adapter_view(ProviderClient(request, provider_id))(request)
    except RequestException as error:
        return unreachable(request, error)
    except OAuth2Error as error:
        return _unusable(request, error)
    return answer


def _unusable(request: HttpRequest, error: OAuth2Error) -> HttpResponse:
    return refusal(request, f"{settings.PM_OIDC['name']} can't be used: {error}.", status=503)


def _safe(request: HttpRequest, url: str) -> str:
    """Return the path to show after the sign-in, "" if it leads elsewhere."""
    is_here = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=True)
    return url if is_here and url.startswith("/") else reverse("home")

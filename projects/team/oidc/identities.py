"""Who an identity of the provider is on this board: the user that it is connected with, or new, never a namesake."""

from __future__ import annotations

import hmac

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import AuthError
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.urls import reverse
from requests import RequestException

from projects.loose_types import Framework
from projects.models import User
from projects.models.user import MYSELF, NOBODY
from projects.models.user_names import check_distinct
from projects.team import audit
from projects.team.oidc.pages import refusal, unreachable

ALL, NONE = "all", "none"
CONNECT = "connect"
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


class AccountAdapter(DefaultAccountAdapter):
    """Sign in as Django does, and say nothing about it: the page shows who is signed in."""

    def login(self, request: HttpRequest, user: Framework) -> None:
        user.backend = MODEL_BACKEND
        super().login(request, user)

    def add_message(self, *args: object, **kwargs: object) -> None:
        """Add none."""


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Decide about identities that the provider has verified; each refusal is a page."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Raises ImmediateHttpResponse with the page of a refusal."""
        sociallogin.email_addresses = []  # kept nowhere: no address ever finds a user
        claims = sociallogin.account.extra_data.get("id_token", {})
        given, expected = claims.get("nonce"), sociallogin.state.get("nonce")
        if not (isinstance(given, str) and isinstance(expected, str) and hmac.compare_digest(given, expected)):
            raise _refused(request, "forged", "The answer of the provider belongs to another sign-in. Start again.")
        if sociallogin.state.get("process") == CONNECT:
            self._check_connection(request, sociallogin)
        elif sociallogin.is_existing:
            if not sociallogin.user.is_active or sociallogin.user.is_agent:
                raise _refused(request, "inactive", "This account may not sign in here any more. Ask an administrator.")
        else:
            self._check_new(request, sociallogin, claims)

    def _check_connection(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        if str(request.user.pk) != sociallogin.state.get("user"):
            raise _refused(request, "forged", "Another user is signed in now. Start again.")
        if sociallogin.is_existing and sociallogin.user != request.user:
            raise _refused(request, "connected", "This account of the provider belongs to another user of this board.")
        audit.record("connected", request, user=request.user.get_username(), subject=sociallogin.account.uid)

    def _check_new(self, request: HttpRequest, sociallogin: SocialLogin, claims: dict[str, Framework]) -> None:
        """Raise ImmediateHttpResponse unless this person may have an account, and the name is free."""
        email = str(claims.get("email") or "")
        allowed: str | list[str] = settings.PM_OIDC["new_users"]
        domain = email.rpartition("@")[2].lower() if claims.get("email_verified") is True else ""
        if allowed != ALL and (allowed == NONE or domain not in allowed):
            raise _refused(
                request,
                "not_invited",
                "You have no account here. Ask an administrator for one, sign in with it, and connect it under Tokens.",
            )
        name = str(claims.get("preferred_username") or (email.partition("@")[0] if domain else ""))
        try:
            name = User.objects.clean_name(name)
            if name.casefold() in (MYSELF, NOBODY):
                raise ValidationError("reserved")
            if User.objects.named(name) is not None:
                raise _taken(request, name)
            check_distinct(name, User.objects.values_list("username", flat=True))
        except ValidationError:
            raise _refused(request, "unusable", "Your provider sends no name that can be used here.") from None
        sociallogin.user.username = name
        sociallogin.user.email = email if domain else ""

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Return True: pre_social_login has refused all others."""
        return True

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: object = None) -> Framework:
        """Create the user, a person without a password. Raises ImmediateHttpResponse."""
        user = sociallogin.user
        user.set_unusable_password()
        try:
            with transaction.atomic():
                if User.objects.named(user.username) is not None:
                    raise IntegrityError
                sociallogin.save(request)
        except IntegrityError:  # another request was faster
            raise _taken(request, user.username) from None
        audit.record("user_created", request, user=user.username, subject=sociallogin.account.uid)
        return user

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: object) -> str:
        """Return the page that shows the connection."""
        return reverse("own-tokens")

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: object,
        error: object = None,
        exception: Exception | None = None,
        extra_context: object = None,
    ) -> None:
        """Raises ImmediateHttpResponse with a page that says what is wrong."""
        if isinstance(exception, RequestException):
            raise ImmediateHttpResponse(unreachable(request, exception))
        if error == AuthError.CANCELLED:
            raise _refused(request, "cancelled", "The sign-in was cancelled at the provider.")
        if exception is not None:
            raise _refused(request, "invalid", f"The answer of the provider can't be used: {exception}.")
        raise _refused(request, "forged", "This sign-in has expired, or was not started in this browser. Start again.")


def _taken(request: HttpRequest, name: str) -> ImmediateHttpResponse:
    return _refused(
        request,
        "name_taken",
        f"The name {name} is taken here. If it is you, sign in with your password and connect the account under "
        "Tokens; otherwise ask an administrator.",
    )


def _refused(request: HttpRequest, reason: str, text: str) -> ImmediateHttpResponse:
    audit.record("sign_in_failed", request, provider=settings.PM_OIDC["name"], reason=reason)
    return ImmediateHttpResponse(refusal(request, text))

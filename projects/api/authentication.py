"""Authentication, and the actor of a request. DRF loads its default classes early: don't import its views here."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, cast

from django.utils.functional import SimpleLazyObject
from rest_framework import authentication, exceptions, permissions
from rest_framework.request import Request

from discovery import runtime
from projects.api.callers import Caller
from projects.django_private import django_request
from projects.loose_types import Framework

if TYPE_CHECKING:
    from rest_framework.views import APIView

    from projects.models import User


class BearerAuthentication(authentication.BaseAuthentication):
    """The server's bearer token. `X-PM-Actor` names the actor, for attribution, not for authorization.

    A write looks the user up or creates it; a read never queries the users.
    """

    def authenticate(self, request: Request) -> tuple[Framework, Framework] | None:
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        scheme, _, given = header.partition(" ")
        token = runtime.current.token
        if scheme.lower() != "bearer" or not token or not hmac.compare_digest(given.strip().encode(), token.encode()):
            raise exceptions.AuthenticationFailed("the token is not this server's; read it from server.token again")
        return self.accept(request, Caller(request)), "bearer"

    def accept(self, request: Request, caller: Caller) -> Framework:
        """Let the caller make the request; return its user, which is looked up when something reads it."""
        django_request(request).caller = caller  # type: ignore[attr-defined]  # read by callers.caller_of
        return SimpleLazyObject(caller.user)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SessionAuthentication(authentication.SessionAuthentication):
    """A browser's session, with CSRF protection. X-PM-Actor does not override the session's user."""

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class HasCredentials(permissions.BasePermission):
    """Allow authenticated requests. Accessing `request.user` would query the database."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return getattr(request, "successful_authenticator", None) is not None


def actor_of(request: Request) -> User:
    """Return the user who makes the request; reading an attribute looks it up."""
    return cast("User", request.user)

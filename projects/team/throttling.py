"""Apply the limits of a team's server: to calls of the API, to device codes, and to passwords."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from rest_framework import exceptions, throttling
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from projects.lock_waits import log_skipped
from projects.loose_types import Framework
from projects.team import audit, limits
from projects.team.limits import Claim, Limit, limiter

if TYPE_CHECKING:
    from rest_framework.views import APIView

    from projects.models import User

logger = logging.getLogger(__name__)

EXPORTING = ("export", "export-items", "backup", "board-history")
DEVICE = {"device-codes": limits.DEVICE_CODES, "device-token": limits.DEVICE_QUESTIONS}


class TooMany(exceptions.Throttled):
    """The caller has reached a limit."""

    def __init__(self, limit: Limit, wait: int) -> None:
        super().__init__(detail=limits.message(limit, wait))
        self.wait = self.retry_after = wait


def count_call(request: Request, user: User, token: str = "") -> None:
    """Count a call of the API. Raises TooMany."""
    match = request.resolver_match
    claims = limits.calls(token, str(user.pk), request.META["REMOTE_ADDR"])
    if match is not None and match.url_name in EXPORTING:
        claims = [*claims, (limits.EXPORTS, str(user.pk))]
    try:
        check(request, claims)
    except DatabaseError as error:
        if request.method not in SAFE_METHODS:
            raise
        # A database that only reads, or that another one writes to for long, can still be read.
        log_skipped(logger, "a call could not be counted: %s", error)


def check(request: Request | HttpRequest, claims: list[Claim]) -> None:
    """Count what a request does. Raises TooMany."""
    over = limiter.take(claims)
    if over is not None:
        limit, wait = over
        audit.record("limited", request, limit=limit.name)
        raise TooMany(limit, wait)


class DeviceLimits(throttling.BaseThrottle):
    """Limits of the views that need no token."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Raises TooMany."""
        match = request.resolver_match
        limit = DEVICE[match.url_name or ""] if match is not None else limits.DEVICE_CODES
        check(request, [(limit, limits.network(request.META["REMOTE_ADDR"]))])
        return True


class PasswordLimits(BaseBackend):
    """Refuse a password before it is looked at, from an address or for a name that failed too often.

    It comes first among the backends, so it covers every form that takes a password. An attempt counts before its
    outcome is known, as many may run at once, and a sign-in that succeeds takes its count back.
    """

    def authenticate(self, request: HttpRequest | None, username: str | None = None, **credentials: object) -> None:
        """Raises PermissionDenied."""
        if request is None or username is None:
            return
        claims: list[Claim] = [
            (limits.SIGN_INS_OF_ADDRESS, limits.network(request.META["REMOTE_ADDR"])),
            (limits.SIGN_INS_OF_NAME, username.casefold()),
        ]
        over = limiter.take(claims)
        if over is not None:
            limit, wait = over
            audit.record("limited", request, limit=limit.name)
            vars(request)["pm_over"] = over  # read by LimitPages
            raise PermissionDenied(limits.message(limit, wait))
        vars(request)["pm_counted"] = claims  # read by `succeeded`

    def get_user(self, user_id: object) -> None:
        """Return None: it signs nobody in."""
        return


def succeeded(request: HttpRequest, **kwargs: Framework) -> None:
    """Take back the count of a sign-in that succeeded; a receiver of user_logged_in."""
    claims = getattr(request, "pm_counted", None)
    if claims:
        limiter.give_back(claims)


class LimitPages:
    """Middleware: answer with the page about a limit where a password was refused for it, or a view raised TooMany."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        over: tuple[Limit, int] | None = getattr(request, "pm_over", None)
        return response if over is None else page(request, limits.message(*over), over[1])

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the page for a limit that a view of a page has met."""
        return page(request, str(error.detail), error.retry_after) if isinstance(error, TooMany) else None


def page(request: HttpRequest, text: str, wait: int) -> HttpResponse:
    """Return the page about a limit."""
    sentence = f"{text[:1].upper()}{text[1:]}."
    response = render(request, "team/limited.html", {"text": sentence}, status=429)
    response.headers["Retry-After"] = str(wait)
    return response

"""The error views of the site."""

from __future__ import annotations

import logging
import sys

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from projects.django_private import omit_from_log
from projects.resource_errors import explain
from projects.web.responses import answer, is_scripted, signed_out

logger = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 400, "malformed request")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 403, "permission denied")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Explain a CSRF failure. An open page keeps its text and gets the new token before the next attempt."""
    if is_scripted(request) and not request.path_info.startswith(("/api/", "/admin/")):
        if not request.user.is_authenticated:
            return signed_out()
        return answer(request, 403, "you signed in again after opening this page; submit it again")
    return answer(request, 403, "the form expired or came from another site; go back, reload it and submit again")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 404, "page not found")


def nothing(request: HttpRequest, rest: str) -> HttpResponse:
    """Return 404 for a disabled route."""
    return not_found(request)


def server_error(request: HttpRequest) -> HttpResponse:
    """Report an error; one of the database that middleware met, which no `process_exception` sees, as unavailable."""
    error = sys.exc_info()[1]
    shortage = explain(error) if isinstance(error, Exception) else None
    if shortage:
        logger.error("%s: %s", shortage, error)
        response = unavailable(request, shortage)
        omit_from_log(response)  # with its traceback
        return response
    return answer(request, 500, f"internal server error; {details()}")


def details() -> str:
    """Return where the details of a failure are."""
    return "the log of the server says why" if settings.PM_TEAM else "for details run: pm server logs"


def unavailable(request: HttpRequest, message: str) -> HttpResponse:
    response = answer(request, 503, message)
    response["Retry-After"] = "1"
    return response

"""Errors outside of the API's views: JSON for programs, a page that says what to do for people."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.csrf import csrf_exempt

from projects.api.exceptions import CODES, envelope


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 400, "the request can't be understood")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 403, "this is not allowed")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Tell what to do; an open page keeps what was typed, and has the token of a new login by its next try."""
    from projects.web import page

    if page.is_scripted(request) and not request.path_info.startswith(("/api/", "/admin/")):
        if not request.user.is_authenticated:
            return page.signed_out()
        return answer(request, 403, "you signed in anew since this page was opened; send it once more")
    return answer(request, 403, "the form is too old or came from another page; go back, reload it and send it again")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 404, "there is no such page")


def nothing(request: HttpRequest, rest: str) -> HttpResponse:
    """Answer a route that there shall not be."""
    return not_found(request)


def server_error(request: HttpRequest) -> HttpResponse:
    return answer(request, 500, "the server failed; its log says why: pm server logs")


def unavailable(request: HttpRequest, message: str) -> HttpResponse:
    response = answer(request, 503, message)
    response["Retry-After"] = "1"
    return response


def answer(request: HttpRequest, status: int, message: str, field: str | None = None) -> HttpResponse:
    """Return the error in the form that the client can read."""
    if not wants_html(request):
        return JsonResponse(envelope(CODES[status], message, field), status=status)
    # Without the context processors: they may be what failed.
    return HttpResponse(render_to_string("errors/error.html", {"status": status, "message": message}), status=status)


def wants_html(request: HttpRequest) -> bool:
    """Tell whether a person reads the answer in a browser."""
    is_api = request.path_info == "/api" or request.path_info.startswith("/api/")
    return not is_api and "text/html" in request.META.get("HTTP_ACCEPT", "")


def method_not_allowed(request: HttpRequest, *allowed: str) -> HttpResponse:
    response = answer(request, 405, f"only {', '.join(allowed)} here")
    response["Allow"] = ", ".join(allowed)
    return response


def safe_only(view: Any) -> Any:
    """Answer 405 to all but GET and HEAD."""
    import functools

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return method_not_allowed(request, "GET", "HEAD")
        response: HttpResponse = view(request, *args, **kwargs)
        return response

    return csrf_exempt(wrapped)  # what changes nothing needs no token, and a wrong method is told as that

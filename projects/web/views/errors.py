"""Error responses outside the API: JSON for programs, a page with advice for browsers."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.csrf import csrf_exempt

from projects.api.exceptions import CODES, envelope


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 400, "malformed request")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 403, "permission denied")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Explain a CSRF failure. An open page keeps its text and gets the new token before the next attempt."""
    from projects.web import page

    if page.is_scripted(request) and not request.path_info.startswith(("/api/", "/admin/")):
        if not request.user.is_authenticated:
            return page.signed_out()
        return answer(request, 403, "you signed in again after opening this page; submit it again")
    return answer(request, 403, "the form expired or came from another site; go back, reload it and submit again")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 404, "page not found")


def nothing(request: HttpRequest, rest: str) -> HttpResponse:
    """Return 404 for a disabled route."""
    return not_found(request)


def server_error(request: HttpRequest) -> HttpResponse:
    return answer(request, 500, "internal server error; for details run: pm server logs")


def unavailable(request: HttpRequest, message: str) -> HttpResponse:
    response = answer(request, 503, message)
    response["Retry-After"] = "1"
    return response


def answer(request: HttpRequest, status: int, message: str, field: str | None = None) -> HttpResponse:
    """Return the error as JSON or HTML, depending on the client."""
    if not wants_html(request):
        return JsonResponse(envelope(CODES[status], message, field), status=status)
    # Skip the context processors: one of them may have caused the error.
    return HttpResponse(render_to_string("errors/error.html", {"status": status, "message": message}), status=status)


def wants_html(request: HttpRequest) -> bool:
    """Return True if the client is a browser."""
    is_api = request.path_info == "/api" or request.path_info.startswith("/api/")
    return not is_api and "text/html" in request.META.get("HTTP_ACCEPT", "")


def method_not_allowed(request: HttpRequest, *allowed: str) -> HttpResponse:
    response = answer(request, 405, f"method not allowed; use {', '.join(allowed)}")
    response["Allow"] = ", ".join(allowed)
    return response


def safe_only(view: Any) -> Any:
    """Allow only GET and HEAD; return 405 otherwise."""
    import functools

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return method_not_allowed(request, "GET", "HEAD")
        response: HttpResponse = view(request, *args, **kwargs)
        return response

    return csrf_exempt(wrapped)  # needs no token, and a POST without one must get 405, not 403

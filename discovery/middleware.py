"""Refuse requests from pages of other sites.

A page of any site can send requests to a loopback port: through DNS rebinding under its own name (visible in the Host
header), or across origins (visible in Origin and Sec-Fetch-Site).
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from discovery import runtime

GetResponse = Callable[[HttpRequest], HttpResponseBase]
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110, 9.2.1


class HostMiddleware:
    """Refuse a request whose Host header is not exactly this server's, port included: 400.

    Django's own check ignores the port, and runs only when a view asks for the host. Put this middleware first.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        hosts = runtime.current.hosts
        if hosts and request.META.get("HTTP_HOST", "").lower() not in hosts:
            return refusal(
                400,
                "VALIDATION_ERROR",
                f"the Host header is not this server's; use {runtime.current.host_advice}",
            )
        return self.get_response(request)


class OriginMiddleware:
    """Refuse an unsafe request from a page of another origin: 403."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in SAFE_METHODS:
            origin = request.META.get("HTTP_ORIGIN")
            site = request.META.get("HTTP_SEC_FETCH_SITE", "none").lower()
            if site not in ("same-origin", "none") or (origin is not None and not _is_ours(origin, request)):
                return refusal(403, "FORBIDDEN", "a page of another origin may not change anything here")
        return self.get_response(request)


def refusal(status: int, code: str, message: str) -> HttpResponse:
    """Return a JSON error with a Content-Length."""
    response = JsonResponse({"error": {"code": code, "message": message}}, status=status)
    response["Content-Length"] = str(len(response.content))
    return response


def _is_ours(origin: str, request: HttpRequest) -> bool:
    scheme, _, host = origin.lower().partition("://")
    # A page that came without TLS may be anybody's in the network between.
    schemes = ("https",) if request.is_secure() else ("http", "https")
    return scheme in schemes and host in (runtime.current.hosts or {request.get_host().lower()})

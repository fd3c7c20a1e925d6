"""Serve only requests that a page of another site can't have made.

A page of any site can send requests to a loopback port: by DNS rebinding under its own name (the Host
header tells), or across origins (the Origin header and Sec-Fetch-Site tell).
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from discovery import runtime

GetResponse = Callable[[HttpRequest], HttpResponseBase]
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class HostMiddleware:
    """Refuse a request whose Host header is not exactly this server's, port included: 400.

    Django's own check ignores the port and runs only when the host is asked for. Put it first.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        hosts = runtime.current.hosts
        if hosts and request.META.get("HTTP_HOST", "").lower() not in hosts:
            return refusal(
                400,
                "VALIDATION_ERROR",
                "the Host header is not this server's; use the URL that it printed, or start it with --allowed-host",
            )
        return self.get_response(request)


class OriginMiddleware:
    """Refuse a request that may change something and comes from a page of another origin: 403."""

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
    """Return the JSON error that every refusal of this server is, with its Content-Length."""
    response = JsonResponse({"error": {"code": code, "message": message}}, status=status)
    response["Content-Length"] = str(len(response.content))
    return response


def _is_ours(origin: str, request: HttpRequest) -> bool:
    scheme, _, host = origin.lower().partition("://")
    return scheme in ("http", "https") and host in (runtime.current.hosts or {request.get_host().lower()})

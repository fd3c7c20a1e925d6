"""What a page of this server may load: nothing but what this server serves, and no script or style of its own text."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# One policy for every page, the administration and Swagger UI included. Pictures may be data: both draw their
# small arrows so.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


class PolicyMiddleware:
    """Send the Content-Security-Policy with all but JSON, which no browser runs; let no other origin embed anything."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        # A page on another port of loopback is "same-site": it gets our cookies sent, and may embed nothing of ours.
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if not response.headers.get("Content-Type", "").startswith("application/json"):
            response.headers["Content-Security-Policy"] = POLICY
        return response

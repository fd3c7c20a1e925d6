"""Content-Security-Policy: load resources only from this server; no inline scripts or styles."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# One policy for all pages, including the admin and Swagger UI, whose icons need data: images.
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


class CSPMiddleware:
    """Send the policy with every response except JSON, and forbid other origins to embed any response."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        # Another loopback port counts as same-site, so its requests carry our cookies: forbid it to embed responses.
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if not response.headers.get("Content-Type", "").startswith("application/json"):
            response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

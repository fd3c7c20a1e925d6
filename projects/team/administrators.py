"""Pages that only administrators of a team's server use. On one machine's server whoever signs in is its owner."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from projects.web.responses import answer

# They change the server, or who may do what. The restore pages check their user themselves.
PAGES = (
    *("sync-enable", "sync-run", "sync-change", "sync-disable"),
    *("settings-active", "settings-kind", "settings-kinds"),
    *("settings-check-add", "settings-check"),  # the command of a check runs on the machines of all
)


class AdministratorPages:
    """Middleware: refuse these pages to others. The API's views have permissions of their own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: object) -> HttpResponse | None:
        """Return the refusal, or None. Somebody who is not signed in is led to the sign-in by the view."""
        match, user = request.resolver_match, request.user
        if match is None or match.url_name not in PAGES or match.route.startswith("api/"):
            return None
        if not user.is_authenticated or user.is_superuser:
            return None
        return answer(request, 403, "only an administrator of this server can do this")

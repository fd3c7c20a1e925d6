"""What every page for people shares: who may see it, and what its frame shows."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from discovery import runtime
from projects.api.exceptions import envelope
from projects.models import Activity, Project, User

View = Callable[..., HttpResponse]


def for_people(*methods: str) -> Callable[[View], View]:
    """Serve only who is signed in, by these methods (GET and HEAD where none is named).

    A browser is led to the login; what a page's script asks is answered 401.
    """
    allowed = methods or ("GET", "HEAD")

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            from projects.web.views.errors import method_not_allowed

            if request.method not in allowed:
                return method_not_allowed(request, *allowed)
            if not request.user.is_authenticated:
                if is_scripted(request):
                    return signed_out()
                return redirect_to_login(request.get_full_path())
            response = view(request, *args, **kwargs)
            # Shown again by the back button it must be asked for again.
            response.headers.setdefault("Cache-Control", "private, no-cache")
            return response

        return wrapped

    return decorate


def signed_out() -> HttpResponse:
    """Answer a page's script that nobody is signed in any more."""
    message = "You are signed out. What you typed is kept: run in the repository pm server open, then send it again."
    return JsonResponse(envelope("UNAUTHENTICATED", message), status=401)


def is_scripted(request: HttpRequest) -> bool:
    """Tell whether a page's script asks, and not the browser itself."""
    return "HX-Request" in request.headers or "text/html" not in request.META.get("HTTP_ACCEPT", "")


def person(request: HttpRequest) -> User:
    """Return who is signed in; a page for people is served to nobody else."""
    assert isinstance(request.user, User)
    return request.user


def find_project(key: str) -> Project:
    """Return the living project of this key, in any case. Raises Http404."""
    project = Project.objects.living().filter(key=key.upper()).first()
    if project is None:
        raise Http404(key)
    return project


def page(request: HttpRequest) -> dict[str, Any]:
    """Give the pages' templates what their frame shows; a context processor, lazy where it costs a query.

    `live_cursor` is read before the page's own rows, where the view asks for it first: nothing is missed.
    """
    info = runtime.current.info
    return {
        "instance_id": info.instance_id if info is not None else "",
        "all_projects": lambda: list(Project.objects.living().only("key", "title", "status")),
    }


def live_cursor() -> int:
    """Return the id of the newest activity: what the page shows is at least as new."""
    return Activity.objects.order_by("-id").values_list("id", flat=True).first() or 0

"""Shared by all pages: access control and the context of the page frame."""

from __future__ import annotations

import functools
from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse

from discovery import runtime
from projects.loose_types import Context, Framework
from projects.models import Project, User, rights
from projects.models.activity import latest_id
from projects.today import in_zone
from projects.web.appearance import appearance
from projects.web.inbox_page import badge
from projects.web.item_panel import beside, not_found
from projects.web.responses import View, is_scripted, method_not_allowed, signed_out
from projects.web.zone import browser_zone


def for_people(*methods: str) -> Callable[[View], View]:
    """Require login and one of these methods (default: GET and HEAD).

    Browsers are redirected to the login page; scripted requests get 401.
    """
    allowed = methods or ("GET", "HEAD")

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def wrapped(request: HttpRequest, *args: Framework, **kwargs: Framework) -> HttpResponse:
            if request.method not in allowed:
                return method_not_allowed(request, *allowed)
            if not request.user.is_authenticated:
                if is_scripted(request):
                    return signed_out()
                return redirect_to_login(request.get_full_path())
            with in_zone(browser_zone(request)):
                response = view(request, *args, **kwargs)
            # Make the browser revalidate when the user navigates back.
            response.headers.setdefault("Cache-Control", "private, no-cache")
            return response

        return wrapped

    return decorate


def person(request: HttpRequest) -> User:
    """Return the signed-in user; pages require login."""
    assert isinstance(request.user, User)
    return request.user


def find_project(key: str) -> Project:
    """Return the living project with this key, ignoring case. Raises Http404."""
    project = Project.objects.living().filter(key=key.upper()).first()
    if project is None:
        raise Http404(key)
    return project


def page(request: HttpRequest) -> Context:
    """Context processor for the page frame; values that need a query are lazy.

    Views must read `live_cursor` before their own rows, so that the page misses no change.
    """
    info = runtime.current.info
    panel = functools.cache(lambda: beside(request))
    return {
        "instance_id": info.instance_id if info is not None else "",
        "newest": live_cursor,
        "inbox_count": functools.cache(badge),
        "all_projects": functools.cache(lambda: list(Project.objects.living().only("key", "title", "status"))),
        "appearance": appearance(request),
        "rights_digest": rights.digest,
        "may_create": rights.may_write,
        "may_administer": rights.may_administer,
        "panel": panel,
        "no_item": lambda: "" if panel() else not_found(request),
    }


def live_cursor() -> int:
    """Return the newest activity ID. Rows read afterwards are at least as new."""
    return latest_id()

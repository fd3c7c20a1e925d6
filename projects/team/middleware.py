"""Find out what a request may do before its view runs, and refuse the pages that need more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse

from projects.loose_types import Framework
from projects.models import Project
from projects.models.exceptions import NotYours
from projects.models.rights import current
from projects.team.roles import NOBODY, Access, Role, needed_by_page
from projects.web.responses import answer

if TYPE_CHECKING:
    from django.urls import ResolverMatch

SIGNING_OUT = ("logout", "login")  # pages of the admin site that are everybody's


class RolesMiddleware:
    """Give each request the rights of its user until its response is sent; those of nobody before.

    The API learns its user later: `projects.team.permissions` does the same there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        request_finished.connect(forget, dispatch_uid="projects.team.middleware")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        current.set(NOBODY)
        response = self.get_response(request)
        # What one user may see, no cache between here and another one shall keep.
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: Framework) -> HttpResponse | None:
        """Return the refusal, or None. The view redirects users who are not signed in."""
        match, user = request.resolver_match, request.user
        if match is None or match.route.startswith("api/") or not user.is_authenticated:
            return None
        access = Access.of(user)
        current.set(access)
        try:
            _check(access, match, request.method or "", kwargs)
        except NotYours as refusal:
            return answer(request, 403, refusal.message)
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer for a page that writes more than its URL says."""
        return answer(request, 403, exception.message) if isinstance(exception, NotYours) else None


def forget(**kwargs: object) -> None:
    """Forget the rights of a request whose response is sent."""
    current.set(None)


def _check(access: Access, match: ResolverMatch, method: str, kwargs: dict[str, object]) -> None:
    """Raise NotYours unless the request may open the page or send the form."""
    if "admin" in match.namespaces:
        if match.url_name not in SIGNING_OUT:
            access.require(Role.ADMINISTRATOR)
        return
    needed = needed_by_page(match.url_name or "", method)
    name = str(kwargs.get("key") or kwargs.get("identifier") or "").upper()
    if not name:
        access.require(needed)
        return
    # Without a query for who may do it everywhere.
    project = None if access.is_administrator else Project.objects.filter(key=name.rpartition("-")[0] or name).first()
    if project is not None and not access.is_administrator:
        access.require(needed, access.role_in(project.pk))
    elif needed == Role.ADMINISTRATOR:
        access.require(needed)
    # Else there is no such page, or it names its item by an ID, whose project the model checks.

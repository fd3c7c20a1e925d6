"""What a token or a browser may do with the API of a team's server: its scopes, and the role of its user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework import exceptions
from rest_framework.request import Request

from projects.api.authentication import HasCredentials
from projects.loose_types import Framework
from projects.models.api_token import ADMIN, CLAIM, READ, WRITE, ApiToken
from projects.models.base import Entity, find_pk
from projects.models.exceptions import NotYours
from projects.models.rights import current
from projects.team.authentication import access_of
from projects.team.roles import ADMINISTRATIVE, SAFE, Access, Role, needed_by_api

if TYPE_CHECKING:
    from rest_framework.views import APIView

NOBODY = "nobody"
# Routes whose scope is not that of their method. A name ends with the action, such as workitem-claim.
ROUTES = dict.fromkeys(ADMINISTRATIVE, ADMIN) | {
    "login-links": NOBODY,  # a link signs in the superuser named after the operating system's user
    "tokens": READ,
    "token": READ,  # revoking: the view says which
    "news-seen": READ,
    "session-end": READ,
}
CLAIMING = ("claim", "claim-next", "begin", "begin-next", "release", "renew", "back")


class HasScope(HasCredentials):
    """Allow a request whose token has the scope of the route; a browser's session has the rights of its user."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Raises exceptions.PermissionDenied."""
        if not super().has_permission(request, view):
            return False
        scope = scope_of(request)
        if scope == NOBODY:
            raise exceptions.PermissionDenied("a team's server has no login links; sign in with your own name")
        token = request.auth
        if isinstance(token, ApiToken):
            if not token.has(scope):
                raise exceptions.PermissionDenied(
                    f"this needs a token with the scope {scope}; {token.name!r} has {', '.join(token.scopes.split())}"
                )
            if scope == ADMIN and not (token.user.is_superuser or token.user.is_agent):
                raise exceptions.PermissionDenied(
                    f"{token.user.username} is not an administrator of this server any more"
                )
        access = access_of(request)
        current.set(access)
        _check_role(access, request, view)
        return True


def _check_role(access: Access, request: Request, view: APIView) -> None:
    """Raise PermissionDenied unless the caller has the role that the request needs in at least one project.

    A row that the caller can't see is left to the view, which answers 404. The models check the role in the row's own
    project when they write it.
    """
    match = request.resolver_match
    needed = needed_by_api((match.url_name or "") if match else "", request.method or "")
    if access.highest >= needed:
        return
    identifier = view.kwargs.get("id")
    model: Framework = getattr(getattr(view, "queryset", None), "model", None)
    is_entity = isinstance(model, type) and issubclass(model, Entity)
    if identifier and is_entity and needed != Role.ADMINISTRATOR and find_pk(model, identifier) is None:
        return
    try:
        access.require(needed)
    except NotYours as refusal:
        raise exceptions.PermissionDenied(refusal.message) from None


def scope_of(request: Request) -> str:
    """Return the scope that a request needs, or NOBODY."""
    match = request.resolver_match
    name = (match.url_name or "") if match else ""
    if name in ROUTES:
        return ROUTES[name]
    if name.startswith("sync"):
        return ADMIN
    if request.method in SAFE:
        return READ
    if name.startswith("check-"):
        return ADMIN  # its command runs on the machines of all
    return CLAIM if name.partition("-")[2] in CLAIMING else WRITE

"""What a token or a browser may do on a team's server, checked in one place: before each view of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework import exceptions
from rest_framework.request import Request

from projects.api.authentication import HasCredentials
from projects.models.api_token import ADMIN, CLAIM, READ, WRITE, ApiToken

if TYPE_CHECKING:
    from rest_framework.views import APIView

SAFE = ("GET", "HEAD", "OPTIONS")
NOBODY = "nobody"
# Routes whose scope is not that of their method. A name ends with the action, such as workitem-claim.
ROUTES = {
    "backup": ADMIN,  # it holds everything, password hashes too
    "server-stop": ADMIN,
    "board-digests": ADMIN,
    "board-history": ADMIN,  # all projects, and on an empty board everything
    "import": ADMIN,
    "import-from": ADMIN,
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
        if not isinstance(token, ApiToken):
            if scope == ADMIN and not request.user.is_superuser:
                raise exceptions.PermissionDenied("only an administrator of this server can do this")
            return True
        if not token.has(scope):
            raise exceptions.PermissionDenied(
                f"this needs a token with the scope {scope}; {token.name!r} has {', '.join(token.scopes.split())}"
            )
        if scope == ADMIN and not (token.user.is_superuser or token.user.is_agent):
            raise exceptions.PermissionDenied(f"{token.user.username} is not an administrator of this server any more")
        return True


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

"""`pm logout`: stop using a team server from this repository."""

from __future__ import annotations

from projects.client import resolution, team_servers
from projects.client.api import Api
from projects.client.errors import ApiError, ClientError, NoServer
from projects.client.grammar import Verb

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def logout(context: Context) -> None:
    """Revoke the token, and forget it even if the server can't be reached."""
    known = team_servers.find(context.directory, context.environ)
    if known is None:
        raise NoServer("this repository is not logged in to a team server; to log in: pm login URL")
    # Not context.api: PM_TOKEN and PM_SERVER_URL are about another token, or another server.
    target = resolution.team_target(known, {**context.environ, "PM_TOKEN": ""})
    api = Api(lambda: target, headers={}, timeout=context.options.timeout, warn=context.warn)
    revoked = True
    try:
        api.call("DELETE", "/api/v1/tokens/current/")
    except ApiError as error:
        revoked = error.error["code"] == "UNAUTHENTICATED"  # it had ended before
    except ClientError as error:
        revoked = False
        context.warn(f"{error}; the token is still valid until {known.expires}: revoke it in the browser")
    team_servers.forget(known.repository, context.environ)
    context.show({"logout": {"url": known.url, "revoked": revoked}})


VERB = Verb("", "Revoke this repository's token of a team server, and forget it.", logout, example="pm logout")

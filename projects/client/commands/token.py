"""`pm token`: your tokens of a team server."""

from __future__ import annotations

from projects.client import device_login
from projects.client.api import quote
from projects.client.commands.login import DEVICE_FLAGS
from projects.client.errors import ApiError, NoServer
from projects.client.grammar import Verb, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def list_tokens(context: Context) -> None:
    """List your tokens."""
    try:
        context.show({"tokens": context.api.get("/api/v1/tokens/", wanted=("results",))["results"]})
    except ApiError as error:
        raise _without_tokens(error) from None


def create(context: Context) -> None:
    """Print a new token, which you approve in the browser."""
    options = context.options
    answer = device_login.issue(context, context.api, options.name, options.scope or (), options.projects or ())
    context.show({"token": answer})


def revoke(context: Context) -> None:
    """End a token."""
    try:
        context.api.call("DELETE", f"/api/v1/tokens/{quote(context.options.id)}/")
    except ApiError as error:
        raise _without_tokens(error) from None
    context.show({"token": {"id": context.options.id, "revoked": True}})


def _without_tokens(error: ApiError) -> ApiError | NoServer:
    return NoServer(device_login.MISSING) if "unknown path" in str(error) else error


VERBS = (
    Verb("list", "List your tokens; none shows its text again.", list_tokens),
    Verb(
        "create",
        "Print a new token once; you approve it in the browser.",
        create,
        (option("name", metavar="NAME", help="where it is used, such as the name of a machine"), *DEVICE_FLAGS),
        example="pm token create ci --scope read --scope write",
    ),
    Verb(
        "revoke",
        "End a token; `current` is the one of this repository.",
        revoke,
        (option("id", metavar="ID", help="number of the token, or current"),),
    ),
)

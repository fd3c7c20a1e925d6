"""Get a token from a team server through a browser: ask, show the code, and wait until a person approves (RFC 8628)."""

from __future__ import annotations

import os
import time

from projects.client import resolution
from projects.client.api import Api
from projects.client.errors import ApiError, NeedsPerson

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from projects.client.api import Json
    from projects.client.context import Context

SCOPES = ("read", "write", "claim", "admin", "act-as")
MISSING = "this server has no tokens: they belong to a team server, see docs/team.md"


def server(context: Context, url: str) -> Api:
    """Return the API of a server at an address, without a token. Raises RemoteRefused."""
    checked, host, port, loopback = resolution.check_url(url, allow_remote=True)
    direct = resolution.is_direct(checked, context.environ)
    target = resolution.Target(checked, None, None, loopback, host=host, port=port, is_direct=direct)
    return Api(lambda: target, headers={}, timeout=context.options.timeout, warn=context.warn)


def issue(context: Context, api: Api, name: str | None, scopes: Sequence[str]) -> Json:
    """Return the answer with the new token. Raises NeedsPerson if nobody approves in time."""
    wanted: dict[str, object] = {"name": name or os.uname().nodename or "pm"}
    if scopes:
        wanted["scopes"] = list(scopes)
    try:
        code = api.call("POST", "/api/v1/device-codes/", wanted, wanted=("device_code", "user_code", "interval"))
    except ApiError as error:
        if error.error["code"] == "NOT_FOUND":
            raise NeedsPerson(MISSING) from None
        raise
    page = code["verification_uri"]
    context.warn(f"to approve, open {page} and check that it shows {code['user_code']}")
    if not context.options.no_browser and context.identity.is_on_terminal:
        from projects.client import browser

        browser.visit(page)
    deadline = time.monotonic() + code["expires_in"]
    while time.monotonic() < deadline:
        answer = api.call("POST", "/api/v1/device-codes/token/", {"device_code": code["device_code"]})
        if answer:
            return answer
        time.sleep(code["interval"])
    raise NeedsPerson("nobody approved the sign-in within ten minutes; start again")

"""Get a token from a team server through a browser: ask, show the code, and wait until a person approves (RFC 8628)."""

from __future__ import annotations

import os
import time

from projects.client import resolution
from projects.client.api import Api
from projects.client.errors import ApiError, BadAnswer, ClientError, NeedsPerson

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from projects.client.api import Json
    from projects.client.context import Context

SCOPES = ("read", "write", "claim", "admin", "act-as", "person")
LONGEST = 3600  # seconds that a server can make the command wait
MISSING = "this server has no tokens: they belong to a team server, see docs/team.md"


def server(context: Context, url: str) -> Api:
    """Return the API of a server at an address, without a token. Raises RemoteRefused."""
    checked, host, port, loopback = resolution.check_url(url, allow_remote=True)
    direct = resolution.is_direct(checked, context.environ)
    target = resolution.Target(checked, None, None, loopback, host=host, port=port, is_direct=direct)
    return Api(lambda: target, headers={}, timeout=context.options.timeout, warn=context.warn)


def issue(
    context: Context,
    api: Api,
    name: str | None,
    scopes: Sequence[str],
    projects: Sequence[str] = (),
    check: Callable[[object], None] | None = None,
) -> Json:
    """Return the answer with the new token; `check` may refuse the ID of the server's board before anybody is asked.

    Raises NeedsPerson if nobody approves in time.
    """
    wanted: dict[str, object] = {"name": name or os.uname().nodename or "pm"}
    if scopes:
        wanted["scopes"] = list(scopes)
    if projects:
        wanted["projects"] = list(projects)
    try:
        code = api.call("POST", "/api/v1/device-codes/", wanted)
    except ApiError as error:
        if error.error["code"] == "NOT_FOUND":
            raise NeedsPerson(MISSING) from None
        raise
    page = _checked_code(api, code)
    if check is not None:
        check(code.get("board"))
    context.warn(f"to approve, open {page} and check that it shows {code['user_code']}")
    if not context.options.no_browser and context.identity.is_on_terminal:
        from projects.client import browser

        browser.visit(page)
    deadline = time.monotonic() + code["expires_in"]
    while time.monotonic() < deadline:
        try:
            answer = api.call("POST", "/api/v1/device-codes/token/", {"device_code": code["device_code"]})
        except ApiError as error:
            if error.error["code"] != "RATE_LIMITED":
                raise
            answer = None
            time.sleep(_wait(error))
        if answer:
            try:
                return _checked_token(api, answer)
            except BadAnswer:
                revoke(context, api.target, answer.get("token") if isinstance(answer, dict) else None)
                raise
        time.sleep(code["interval"])
    raise NeedsPerson("nobody approved the sign-in within ten minutes; start again")


def revoke(context: Context, target: resolution.Target, token: object) -> None:
    """End a token that is not kept; warn if it stays valid. The target itself is left alone."""
    if not isinstance(token, str) or not resolution.is_token(token):
        return
    own = resolution.Target(
        target.url, token, None, target.loopback, host=target.host, port=target.port, is_direct=target.is_direct
    )
    try:
        Api(lambda: own, headers={}, timeout=context.options.timeout, warn=context.warn).call(
            "DELETE", "/api/v1/tokens/current/"
        )
    except ClientError as error:
        if error.error["code"] == "UNAUTHENTICATED":
            return  # it had ended before
        context.warn(f"{error}; a token that is not kept is still valid: revoke it at {target.url}/tokens/")


def _wait(error: ApiError) -> float:
    """Return the seconds that a server asks for; it may be anybody's."""
    seconds = error.error.get("retry_after")
    return min(seconds, 60) if type(seconds) is int and seconds > 0 else 1


def _checked_code(api: Api, code: Json) -> str:
    """Return the page where the person approves. Raises BadAnswer: the server may be anybody's."""
    is_usable = (
        _has_texts(code, "device_code", "user_code", "verification_uri")
        and all(type(code.get(name)) is int and 0 < code[name] <= LONGEST for name in ("interval", "expires_in"))
        and _origin(code["verification_uri"]) == _origin(api.target.url)
    )
    if not is_usable:
        raise BadAnswer(f"{api.target.url} sent no usable code for a sign-in; is it a pm server?")
    page: str = code["verification_uri"]
    return page


def _checked_token(api: Api, answer: Json) -> Json:
    """Return the answer if all that is kept of it is plain text. Raises BadAnswer."""
    if not _has_texts(answer, "token", "user", "board", "expires_at") or not resolution.is_token(answer["token"]):
        raise BadAnswer(f"{api.target.url} sent no usable token; is it a pm server?")
    return answer


def _has_texts(document: Json, *names: str) -> bool:
    found = [document.get(name) for name in names] if isinstance(document, dict) else [None]
    return all(isinstance(each, str) and each.isprintable() for each in found)


def _origin(url: str) -> tuple[str, str]:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.scheme, parts.netloc.lower().removesuffix(":443")

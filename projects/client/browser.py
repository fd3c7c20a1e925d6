"""Open the browser at a login link."""

from __future__ import annotations

from projects.client.errors import BadAnswer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def login_url(context: Context) -> str:
    """Return a new login link, absolute. Raises ClientError."""
    path = context.api.call("POST", "/api/v1/login-links/", wanted=("url",))["url"]
    if not isinstance(path, str) or not path.startswith("/") or path.startswith("//"):
        raise BadAnswer(f"{context.api.target.url} returned no login link")
    return f"{context.api.target.url}{path}"


def visit(url: str) -> bool:
    """Open the user's browser; return False if it fails within two seconds."""
    from discovery import browser

    return browser.visit(url, patience=2.0)

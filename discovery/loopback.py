"""Accept server URLs of this machine only. Standard library only."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


class RemoteRefused(Exception):
    """The URL is not that of a server on this machine; the message says why."""


def check_loopback(url: str) -> str:
    """Return `url` without a trailing slash if it is http(s) to a literal loopback address or localhost.

    Names are not resolved: the result may change between the check and the call. Raises RemoteRefused.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise RemoteRefused(f"{url!r} is not a valid URL: {error}") from None
    if parts.scheme not in ("http", "https") or not host:
        raise RemoteRefused(f"{url!r} is not a server URL; expected for example http://127.0.0.1:5174")
    if parts.username is not None or parts.query or parts.fragment:
        raise RemoteRefused("a server URL must not have a user, query or fragment")
    if not is_loopback_name(host):
        raise RemoteRefused(f"{host} is not this machine; only loopback URLs are allowed")
    return url.rstrip("/")


def is_loopback_name(host: str) -> bool:
    """Return True if `host` is a literal loopback address or the name localhost."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

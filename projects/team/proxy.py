"""Believe the headers of a reverse proxy, and of nobody else."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
GetResponse = Callable[[HttpRequest], HttpResponseBase]
FORWARDED = ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED")
PLAIN = ("/health", "/ready")  # a monitor asks the server itself, not the proxy


class ProxyMiddleware:
    """Take the scheme and the client's address from a trusted proxy; refuse plain HTTP. Must come first.

    The last address in X-Forwarded-For that is not a trusted proxy is the client: what stands before it was sent by
    the client and proves nothing.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.trusted = tuple(ipaddress.ip_network(each) for each in settings.PM_PROXIES)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        meta = request.META
        is_secure = False
        meta["REMOTE_ADDR"] = _plain(meta.get("REMOTE_ADDR", ""))
        if self._is_trusted(meta["REMOTE_ADDR"]):
            is_secure = meta.get("HTTP_X_FORWARDED_PROTO", "").strip().lower() == "https"
            if client := self._client(meta.get("HTTP_X_FORWARDED_FOR", "").split(",")):
                meta["REMOTE_ADDR"] = client
        for name in FORWARDED:
            meta.pop(name, None)
        # Django reads it through SECURE_PROXY_SSL_HEADER.
        meta["HTTP_X_FORWARDED_PROTO"] = "https" if is_secure else "http"
        if not is_secure and request.path_info not in PLAIN:
            return HttpResponse(
                "This server answers over HTTPS only, through its proxy.\n",
                status=403,
                content_type="text/plain; charset=utf-8",
            )
        return self.get_response(request)

    def _client(self, chain: Iterable[str]) -> str:
        for address in reversed([_plain(each.strip()) for each in chain]):
            if not _is_address(address):
                return ""
            if not self._is_trusted(address):
                return address
        return ""

    def _is_trusted(self, address: str) -> bool:
        return _is_address(address) and any(ipaddress.ip_address(address) in network for network in self.trusted)


def _plain(text: str) -> str:
    """Return an IPv4 address that is written in IPv6 as what it is, and any other text as it is.

    A socket that listens to both reports addresses so. As one IPv6 network, all clients would share each limit.
    """
    try:
        mapped = ipaddress.IPv6Address(text).ipv4_mapped
    except ValueError:
        return text
    return text if mapped is None else str(mapped)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text  # after it anything may follow

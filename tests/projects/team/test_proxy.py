from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from projects.team.proxy import ProxyMiddleware

PROXY = "10.0.0.1"


@pytest.fixture
def middleware(settings: Any) -> ProxyMiddleware:
    settings.PM_PROXIES = [f"{PROXY}/32", "192.168.0.0/16", "fd00::/8"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    return ProxyMiddleware(lambda request: HttpResponse(f"{request.META['REMOTE_ADDR']} {request.scheme}"))


def sent(middleware: ProxyMiddleware, peer: str, path: str = "/", **headers: str) -> str:
    request: HttpRequest = RequestFactory().get(path, REMOTE_ADDR=peer, **headers)
    response = middleware(request)
    assert isinstance(response, HttpResponse)
    return f"{response.status_code} {response.content.decode()}".strip()


def test_proxy_reports_scheme_and_client(middleware: ProxyMiddleware) -> None:
    headers = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": "203.0.113.7"}
    assert sent(middleware, PROXY, **headers) == "200 203.0.113.7 https"
    assert sent(middleware, "fd00::1", **headers) == "200 203.0.113.7 https"


def test_nobody_else_is_believed(middleware: ProxyMiddleware) -> None:
    headers = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": "203.0.113.7"}
    assert sent(middleware, "203.0.113.9", **headers).startswith("403 This server answers over HTTPS only")
    assert sent(middleware, "203.0.113.9", "/health", **headers) == "200 203.0.113.9 http"


def test_what_the_client_wrote_into_the_chain_proves_nothing(middleware: ProxyMiddleware) -> None:
    chain = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": "10.0.0.1, 1.2.3.4, 203.0.113.7, 192.168.3.4"}
    assert sent(middleware, PROXY, **chain) == "200 203.0.113.7 https"


def test_ipv4_address_in_ipv6_is_the_ipv4_address(middleware: ProxyMiddleware) -> None:
    """A socket that listens to both reports clients and proxies so; else all of them would share one limit."""
    headers = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": "::ffff:203.0.113.7, ::ffff:192.168.3.4"}
    assert sent(middleware, f"::ffff:{PROXY}", **headers) == "200 203.0.113.7 https"
    assert sent(middleware, "::ffff:203.0.113.9", "/health") == "200 203.0.113.9 http"


@pytest.mark.parametrize("chain", ["", "garbage", "203.0.113.7, <b>", "10.0.0.1", "unknown", "1.2.3.4:80", "::1%<b>"])
def test_a_chain_without_a_client_leaves_the_proxy(middleware: ProxyMiddleware, chain: str) -> None:
    found = sent(middleware, PROXY, HTTP_X_FORWARDED_PROTO="https", HTTP_X_FORWARDED_FOR=chain)
    assert found == f"200 {PROXY} https"


@pytest.mark.parametrize("scheme", ["http", "", "https, http", "HTTPS://", "wss"])
def test_plain_http_is_refused(middleware: ProxyMiddleware, scheme: str) -> None:
    assert sent(middleware, PROXY, HTTP_X_FORWARDED_PROTO=scheme).startswith("403")
    assert sent(middleware, PROXY).startswith("403")


def test_other_forwarding_headers_are_dropped(settings: Any) -> None:
    settings.PM_PROXIES = [f"{PROXY}/32"]
    seen: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.extend(name for name in request.META if "FORWARDED" in name)
        return HttpResponse()

    forged = {"HTTP_X_FORWARDED_HOST": "evil.example", "HTTP_FORWARDED": "host=evil.example"}
    sent(ProxyMiddleware(view), PROXY, HTTP_X_FORWARDED_PROTO="https", **forged)
    assert seen == ["HTTP_X_FORWARDED_PROTO"]

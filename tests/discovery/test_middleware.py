from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from discovery import runtime
from discovery.middleware import HostMiddleware, OriginMiddleware

OURS = frozenset({"127.0.0.1:40000", "localhost:40000", "[::1]:40000", "codespace.example"})


@pytest.fixture(autouse=True)
def _running() -> Iterator[None]:
    before = runtime.current.hosts
    runtime.current.hosts = OURS
    yield
    runtime.current.hosts = before


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("served")


@pytest.mark.parametrize("host", [*sorted(OURS), "LOCALHOST:40000"])
def test_our_own_host_is_served(host: str) -> None:
    assert HostMiddleware(view)(RequestFactory().get("/", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "127.0.0.1",
        "127.0.0.1:40001",
        "localhost",
        "evil.example:40000",
        "127.0.0.1:40000, evil.example",
        "127.0.0.1:40000.evil.example",
        "127.0.0.1:040000",
        "127.0.0.2:40000",
        "0.0.0.0:40000",
        "codespace.example:80",
        "xcodespace.example",
    ],
)
def test_other_host_is_refused(host: str) -> None:
    response = HostMiddleware(view)(RequestFactory().get("/", headers={"host": host}))
    assert response.status_code == 400
    assert response["Content-Length"] == str(len(response.getvalue()))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://127.0.0.1:40001"},
        {"origin": "http://127.0.0.1"},
        {"origin": "file://127.0.0.1:40000"},
        {"origin": "127.0.0.1:40000"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://127.0.0.1:40000", "sec-fetch-site": "cross-site"},
    ],
)
def test_other_origin_may_not_change_anything(method: str, headers: dict[str, str]) -> None:
    assert OriginMiddleware(view)(RequestFactory().generic(method, "/", headers=headers)).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://127.0.0.1:40000", "sec-fetch-site": "same-origin"},
        {"origin": "http://[::1]:40000"},
        {"origin": "https://codespace.example"},
        {"sec-fetch-site": "none"},
    ],
)
def test_own_origin_and_no_browser_may(headers: dict[str, str]) -> None:
    assert OriginMiddleware(view)(RequestFactory().post("/", headers=headers)).status_code == 200


def test_page_without_tls_is_another_origin_behind_a_proxy_with_tls() -> None:
    origins = {scheme: {"origin": f"{scheme}://127.0.0.1:40000"} for scheme in ("http", "https")}
    found = [
        OriginMiddleware(view)(RequestFactory().post("/", secure=True, headers=headers)).status_code
        for headers in origins.values()
    ]
    assert found == [403, 200]


def test_reading_is_left_to_the_credentials() -> None:
    request = RequestFactory().get("/", headers={"origin": "https://evil.example", "sec-fetch-site": "cross-site"})
    assert OriginMiddleware(view)(request).status_code == 200

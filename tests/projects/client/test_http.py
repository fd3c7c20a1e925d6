"""Both transports, against well-behaved and broken servers."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest

from projects.client.http import (
    Disconnected,
    Malformed,
    Refused,
    Response,
    Silent,
    SocketTransport,
    TransportError,
)
from projects.client.remote import RequestsTransport
from tests.processes import scaled
from tests.projects.client.conftest import Impostor, answer

Transport = Callable[..., SocketTransport | RequestsTransport]
Make = Callable[..., Impostor]


@pytest.fixture(params=["socket", "requests"])
def transport(request: pytest.FixtureRequest) -> Transport:
    def make(port: int, silence: float = 5.0, **limits: int) -> SocketTransport | RequestsTransport:
        if request.param == "socket":
            return SocketTransport("127.0.0.1", port, silence, **limits)
        return RequestsTransport(f"http://127.0.0.1:{port}", silence, loopback=True, **limits)

    return make


def get(transport: Transport, server: Impostor, **options: float) -> Response:
    return transport(server.port, **options).send("GET", "/x?y=1", {"Accept": "application/json"})


def test_answer_has_status_headers_and_body(transport: Transport, impostor: Make) -> None:
    server = impostor(answer("200 OK", {"a": 1}, "X-PM-Instance: abc"))
    response = get(transport, server)
    assert (response.status, response.headers["x-pm-instance"], response.body) == (200, "abc", b'{"a": 1}')
    head, _, body = server.received[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "GET /x?y=1 HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}" in lines
    assert "Connection: close" in lines
    assert body == b""


def test_body_is_sent_whole_with_its_length(transport: Transport, impostor: Make) -> None:
    server = impostor(answer("201 Created", {}))
    body = b"x" * 1_000_000
    assert transport(server.port).send("POST", "/", {"Content-Type": "a/b"}, body).status == 201
    head, _, received = server.received[0].partition(b"\r\n\r\n")
    assert b"Content-Length: 1000000" in head
    assert received == body


def test_write_without_body_says_so(transport: Transport, impostor: Make) -> None:
    server = impostor(answer("202 Accepted", {}))
    assert transport(server.port).send("POST", "/", {}).status == 202
    assert b"Content-Length: 0" in server.received[0]


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n4;x=y\r\n2,3]\r\n0\r\nTrailer: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n[1,2,3]and what follows",
        b"HTTP/1.1 200 OK\r\n\r\n[1,2,3]",
        b"HTTP/1.0 200 OK\r\ncontent-length:7\r\n\r\n[1,2,3]",
        b"HTTP/1.1 200\r\nContent-Length: 7\r\n\r\n[1,2,3]",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n[1,2,3]",
    ],
    ids=["chunked", "length", "until the end", "HTTP/1.0", "no reason", "provisional first"],
)
def test_every_framing_is_read(transport: Transport, impostor: Make, raw: bytes) -> None:
    response = get(transport, impostor(raw))
    assert (response.status, response.body) == (200, b"[1,2,3]")


def test_no_content_has_no_body(transport: Transport, impostor: Make) -> None:
    response = get(transport, impostor(b"HTTP/1.1 204 No Content\r\n\r\n"))
    assert (response.status, response.body) == (204, b"")


def test_redirect_is_not_followed(transport: Transport, impostor: Make) -> None:
    elsewhere = impostor(answer("200 OK", {}))
    server = impostor(answer("302 Found", {}, f"Location: {elsewhere.url}/"))
    response = transport(server.port).send("GET", "/", {"Authorization": "Bearer secret"})
    assert response.status == 302
    assert elsewhere.received == []


def test_port_without_listener_is_refused(transport: Transport) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(Refused, match="Connection refused"):
            transport(unused.getsockname()[1]).send("GET", "/", {})


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1,",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n[1,2,3]\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n[1,",
    ],
    ids=["nothing", "in the body", "between chunks", "in a chunk"],
)
def test_cut_answer_is_disconnected(transport: Transport, impostor: Make, raw: bytes) -> None:
    with pytest.raises(Disconnected):
        get(transport, impostor(raw))


def test_cut_head_is_disconnected(impostor: Make) -> None:
    # SocketTransport only: http.client accepts half of the headers as complete.
    with pytest.raises(Disconnected):
        SocketTransport("127.0.0.1", impostor(b"HTTP/1.1 200 OK\r\nContent-Le").port, 5.0).send("GET", "/", {})


def test_reset_is_disconnected(transport: Transport, impostor: Make) -> None:
    def reset(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with pytest.raises(Disconnected, match=r"reset|ended"):
        get(transport, impostor(reset))


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nA: b\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1,"],
    ids=["at once", "in the head", "in the body"],
)
def test_silence_ends_after_the_timeout(transport: Transport, impostor: Make, start: bytes) -> None:
    def fall_silent(connection: socket.socket) -> None:
        connection.sendall(start)
        connection.recv(1)

    began = time.monotonic()
    with pytest.raises(Silent, match=r"0\.3 s"):
        get(transport, impostor(fall_silent), silence=0.3)
    assert 0.2 < time.monotonic() - began < scaled(5)


def test_slow_response_does_not_time_out(transport: Transport, impostor: Make) -> None:
    def trickle(connection: socket.socket) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]":
            time.sleep(0.02)  # slowness itself is the subject
            connection.sendall(bytes([byte]))

    assert get(transport, impostor(trickle), silence=0.5).body == b"[]"


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
    ],
    ids=["not HTTP", "no status", "long header", "many headers", "large", "broken chunk", "negative chunk"],
)
def test_strange_answer_is_an_error(transport: Transport, impostor: Make, raw: bytes) -> None:
    with pytest.raises(TransportError):
        get(transport, impostor(raw))


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + b"x" * 11,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 11,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nxxxxxx\r\n5\r\nxxxxx\r\n0\r\n\r\n",
    ],
    ids=["length", "until the end", "chunked"],
)
def test_body_above_the_limit_is_malformed(transport: Transport, impostor: Make, raw: bytes) -> None:
    with pytest.raises(Malformed, match="larger than 10 bytes"):
        get(transport, impostor(raw), max_body=10)


def test_answer_before_the_body_was_read_is_had(transport: Transport, impostor: Make) -> None:
    server = impostor(answer("413 Content Too Large", {"error": {}}), reads_body=False)
    assert transport(server.port).send("POST", "/", {}, b"x" * 30_000_000).status == 413


def test_proxy_of_the_environment_is_not_used(
    transport: Transport, impostor: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = impostor(answer("200 OK", {"proxied": True}))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    assert get(transport, impostor(answer("200 OK", {}))).body == b"{}"
    assert proxy.received == []


def test_ipv6_is_spoken(impostor: Make) -> None:
    try:
        server = impostor(answer("200 OK", {}), host="::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert SocketTransport("::1", server.port, 5.0).send("GET", "/", {}).body == b"{}"
    assert f"Host: [::1]:{server.port}\r\n".encode() in server.received[0]

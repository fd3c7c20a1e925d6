"""Scenario 14: malformed requests: broken framing, huge and nested bodies, path traversal, header injection."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.processes import Server
from tests.torture.board import Board, besieged
from tests.torture.leaks import Secrets
from tests.torture.reporter import Result

MIB = 1 << 20
LIMIT = 2  # MiB, server.max_body_mib during the attack
DEPTH = 10_000
CLIMBING = (
    "/static/../../../.pm/secret_key",
    "/static/%2e%2e/%2e%2e/.pm/server.token",
    "/static/..%2f..%2f.pm%2fsecret_key",
    "/static/....//....//secret_key",
    "/static/pm/..%5c..%5csecret_key",
    "/static//etc/passwd",
    "/static/%00",
    "/static/pm/pm.js%00.css",
    "/static/%c0%ae%c0%ae/secret_key",
    "/static/pm/",
    "/items/../../secret_key/",
    "/items/%2e%2e%2fsecret_key/",
    "/login/../secret_key/",
    "/login/%2e%2e%2fhealth/",
    "/board/..%2f..%2fdata.db/",
    "/api/v1/projects/..%2f..%2fserver/",
    "/api/v1/projects/%2e%2e/",
    "/api/v1/work-items/..%00/",
    "/admin/projects/project/..%2F..%2F/change/",
    "/attachments/..%2f..%2fdata.db/",
    "/attachments/%2e%2e/secret_key/",
    "/api/v1/attachments/..%2f..%2fserver/content/",
    "/pictures/..%2f.pm%2fsecret_key",
    "/pictures/.git/config",
    "//evil.example/",
    "///evil.example/%2f..",
    "/%5cevil.example/",
    "http://evil.example/",
    "/admin//evil.example/..",
    "*",
    "/" + "a/" * 1900,
)
HEADERS = (
    ("X-PM-Actor", "eve\rSet-Cookie: x=1"),
    ("X-PM-Actor", "eve%0d%0aSet-Cookie:%20x=1"),
    ("X-PM-Actor", "a" * 60_000),
    ("X-PM-Actor", "\x00"),
    ("X-PM-Actor", "%F0%9F%92%A5" * 200),
    ("Idempotency-Key", "k\x0bSet-Cookie: x=1"),
    ("Idempotency-Key", "a" * 300),
    ("If-Match", '"1"\x0c'),
    ("If-Match", "9" * 5000),
    ("Cookie", "; ".join(f"c{number}=x" for number in range(4000))),
    ("Cookie", 'a="\\\x01\xff";=;;==,'),
    ("Authorization", "Bearer " + "a" * 50_000),
    ("Authorization", "Bearer \xff\xfe"),
    ("Content-Type", "application/json; charset=\x00"),
    ("Content-Type", "application/json; charset=utf-7"),
    ("Content-Type", "multipart/form-data"),
    ("Content-Encoding", "gzip"),
    ("Accept", "text/html;q=" + "9" * 5000),
    ("Accept-Language", "../../etc," * 400),
    ("Referer", "http://evil.example/\x1b[2J"),
    ("Range", "bytes=0-1," * 1000),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-Proto", "https"),
    ("X-Http-Method-Override", "DELETE"),
    ("Upgrade", "h2c"),
)
FRAMINGS = (
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: +5",
    "Content-Length: -1",
    "Content-Length: \xb2",
    "Content-Length: 0x5",
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: \x0bchunked",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding: xchunked",
    "Content-Length: 99999999999999999999",
    "Content_Length: 5",
    " folded: header",
    "no colon",
    "Host: evil.example",
)
ATTACK = "\r\n\r\nGET /api/v1/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


class Crafted(NamedTuple):
    what: str
    raw: bytes


def crafted_requests(count: int) -> Result:
    """Send at most `count` malformed requests: each is refused or answered, without a server error or a leak."""
    result = Result("broken, huge, nested and traversing requests", "a response")
    with besieged(result, PM_SERVER_MAX_BODY_MIB=str(LIMIT), PM_SERVER_REQUEST_TIMEOUT="3") as board:
        secrets = Secrets(board.server)
        every = list(_requests(board))
        step = max(1, len(every) // count)  # even a small count covers all kinds
        for crafted in every[::step]:
            with result.attempt(), result.clock():
                answer = _send(board.server, crafted.raw)
                _check(crafted, answer, secrets)
    return result


def _check(crafted: Crafted, answer: bytes, secrets: Secrets) -> None:
    what = f"{crafted.what[:120]!r} got {answer[:200]!r}"
    if not answer:
        return  # closed without a response, as it never became a request
    assert answer.startswith(b"HTTP/1.1 "), what
    status = int(answer[9:12])
    assert status < 500 or status in (501, 505), what  # 501 and 505: what gunicorn does not support
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"set-cookie: x" not in head.lower(), what
    assert b"evil.example" not in head.lower().partition(b"location:")[2].partition(b"\r\n")[0].partition(b"?")[0], what
    assert b"smuggled" not in body, what
    leaked = secrets.found_in(answer.decode("latin-1"))
    assert not leaked, f"{what}: {leaked}"
    if "/static/" in crafted.what:
        assert status in (400, 404, 302, 301), what


def _requests(board: Board) -> Iterator[Crafted]:
    server = board.server
    host = server.url.removeprefix("http://")
    bearer = f"Authorization: Bearer {server.token}"

    def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body

    def posting(body: bytes, *more: str, path: str = "/api/v1/projects/") -> bytes:
        kinds = (
            [] if any(one.lower().startswith("content-type") for one in more) else ["Content-Type: application/json"]
        )
        return request("POST", path, bearer, *kinds, f"Content-Length: {len(body)}", *more, body=body)

    for path in CLIMBING:
        for method in ("GET", "POST"):
            yield Crafted(f"{method} {path}", request(method, path, bearer, "Accept: text/html"))
    for name, value in HEADERS:
        yield Crafted(f"{name}: {value}", request("GET", "/api/v1/projects/", bearer, f"{name}: {value}"))
        yield Crafted(f"{name}: {value}", posting(b'{"key": 1}', f"{name}: {value}"))
        yield Crafted(f"{name}: {value}", request("GET", "/", f"{name}: {value}", "Accept: text/html"))
    for framing in FRAMINGS:
        for path in ("/api/v1/projects/", "/api/v1/import/", "/admin/login/"):
            kind = "Content-Type: application/json"
            yield Crafted(framing, request("POST", path, bearer, kind, framing, body=b"{}" + ATTACK.encode()))
    for path in ("/api/v1/projects/", "/api/v1/work-items/", "/api/v1/import/", "/api/v1/work-items/bulk-update/"):
        for opening, closing in (("[", "]"), ('{"a":', "}")):
            deep = opening * DEPTH + "1" + (closing * DEPTH)
            yield Crafted(f"{path} {opening} deep", posting(deep.encode(), path=path))
            field = f'{{"key": "DEEP", "title": {deep}, "labels": {deep}, "work_items": [{{"labels": {deep}}}]}}'
            yield Crafted(f"{path} {opening} deep in a field", posting(field.encode(), path=path))
        yield Crafted(f"{path} number", posting(b'{"story_points": ' + b"9" * 500_000 + b"}", path=path))
        yield Crafted(f"{path} float", posting(b'{"story_points": 1e999999}', path=path))
        yield Crafted(f"{path} keys", posting(json.dumps({f"k{n}": n for n in range(50_000)}).encode(), path=path))
        yield Crafted(f"{path} same keys", posting(b'{"key": 1' + b',"key": 1' * 50_000 + b"}", path=path))
        yield Crafted(f"{path} surrogate", posting(b'{"key": "\\ud800", "title": "\\udfff\\u0000"}', path=path))
        yield Crafted(f"{path} bytes", posting(bytes(range(256)), path=path))
        yield Crafted(f"{path} array", posting(b"[]", path=path))
        yield Crafted(f"{path} null", posting(b"null", path=path))
    yield Crafted("huge body", posting(b" " * (LIMIT * MIB + 1)))
    yield Crafted("announced body", request("POST", "/api/v1/projects/", bearer, "Content-Length: 9000000000"))
    form = "Content-Type: application/x-www-form-urlencoded"
    fields = "&".join(f"f{number}=1" for number in range(5000)).encode()
    parts = (
        b"".join(b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n1\r\n' for _ in range(5000)) + b"--x--\r\n"
    )
    yield Crafted("many fields", posting(fields, form, path="/admin/login/"))
    yield Crafted("many parts", posting(parts, "Content-Type: multipart/form-data; boundary=x", path="/admin/login/"))
    yield Crafted("many headers", request("GET", "/", *(f"X-{number}: 1" for number in range(500))))
    yield Crafted("long head", request("GET", "/", "X-Long: " + "a" * 200_000))
    yield Crafted("no request", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
    yield Crafted("HTTP/0.9", b"GET /\r\n\r\n")
    yield Crafted("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    yield Crafted("bare line feeds", f"GET / HTTP/1.1\nHost: {host}\n\n".encode() + b"\r\n\r\n")


def _send(server: Server, raw: bytes) -> bytes:
    """Return everything that the server answers to `raw`."""
    answer = b""
    with socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0), timeout=20) as sock:
        with contextlib.suppress(OSError):  # refused before everything was sent
            sock.sendall(raw)
        with contextlib.suppress(ConnectionError):
            while piece := sock.recv(65536):
                answer += piece
                if b" 100 " in answer[:14]:
                    answer = b""
    return answer

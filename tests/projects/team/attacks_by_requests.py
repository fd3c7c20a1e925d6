"""Attacks by malformed requests: framing, headers, numbers, texts, sizes, and connections that wait."""

from __future__ import annotations

import contextlib
import gzip
import re
import socket
import time

from tests.processes import scaled
from tests.projects.team.attack_field import Field, refused
from tests.projects.team.attack_list import SECRET_PLAN, attack
from tests.projects.team.browsers import NAME, Answer, Browser, csrf_of

SECOND = b"GET /api/v1/projects/ HTTP/1.1\r\nHost: x\r\n\r\n"
TASK = '{"project": "SITE", "item_type": "task", '


def connect(field: Field) -> socket.socket:
    """Return a connection to the server, as the proxy has one."""
    host, port = field.server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def raw(field: Field, lines: str, body: bytes = b"") -> tuple[list[bytes], bytes]:
    """Send a request as it is; return the statuses of all responses, and their bytes."""
    head = lines.replace("FROM_PROXY", "X-Forwarded-Proto: https\r\nX-Forwarded-For: 198.51.100.9")
    with connect(field) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode("latin-1").replace(b"\r\r", b"\r") + b"\r\n\r\n" + body)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as file:
            received = file.read()
    return re.findall(rb"^HTTP/1\.1 (\d+)", received, re.M), received


@attack("hide the length of a body from the proxy or from the server", "gunicorn CVE-2024-6827")
def unclear_length(field: Field) -> None:
    length = len(SECOND)
    for header in (
        *("Transfer-Encoding : chunked", "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity"),
        *("Transfer-Encoding: chunked\nTransfer-Encoding: identity", f"Content-Length: 0\nContent-Length: {length}"),
        *(f"Content-Length: 0, {length}", "Content-Length: +0", "Content-Length: 1_0", "Content-Length: \xb2"),
        *("X: a\n Content-Length: 44", "Content-Length: 0\nTransfer-Encoding: chunked", "Content-Length: -1"),
    ):
        statuses, _ = raw(field, f"POST /login/ HTTP/1.1\nHost: {NAME}\nFROM_PROXY\n{header}", b"0\r\n\r\n" + SECOND)
        assert statuses in ([b"400"], [b"501"]), (header, statuses)


@attack("send chunks that two parsers read differently", "–")
def unclear_chunks(field: Field) -> None:
    head = f"POST /login/ HTTP/1.1\nHost: {NAME}\nFROM_PROXY\nTransfer-Encoding: chunked"
    for body in (
        *(b"0x5\r\nabcde\r\n0\r\n\r\n", b"5\nabcde\n0\n\n", b"0;a=\n\r\n\r\n", b"+5\r\nabcde\r\n0\r\n\r\n"),
        *(b"5\r\nabcdefg\r\n0\r\n\r\n", b"-1\r\n\r\n", b"f" * 40 + b"\r\n", b"0\r\nAuthorization : x\r\n\r\n"),
    ):
        statuses, _ = raw(field, head, body + SECOND)
        assert statuses in ([b"400"], []), (body, statuses)


@attack("send a token after the body, where only the server looks", "–")
def token_in_a_trailer(field: Field) -> None:
    head = f"GET /api/v1/projects/ HTTP/1.1\nHost: {NAME}\nFROM_PROXY\nTransfer-Encoding: chunked"
    trailer = f"0\r\nAuthorization: Bearer {field.tokens['read']}\r\n\r\n".encode()
    statuses, text = raw(field, head, trailer)
    assert statuses in ([b"400"], [b"401"]), statuses
    assert b"SITE" not in text


@attack("send a header of the proxy with underscores", "–")
def underscored_headers(field: Field) -> None:
    lines = f"GET /login/ HTTP/1.1\nHost: {NAME}\nX_Forwarded_Proto: https\nX_Forwarded_For: 10.0.0.1"
    assert raw(field, lines)[0] == [b"403"]
    token = f"Authorization: Bearer {field.tokens['all']}"
    lines = (
        f"GET /api/v1/whoami/ HTTP/1.1\nHost: {NAME}\nFROM_PROXY\nX_PM_Actor: ci-bot\nX_PM_Actor_Source: as\n{token}"
    )
    assert b'"actor":"bob"' in raw(field, lines)[1]


@attack("send a header twice", "meta-ads-mcp GHSA-2v2f-mvfg-ph56")
def doubled_headers(field: Field) -> None:
    read, admin = (f"Authorization: Bearer {field.tokens[name]}" for name in ("read", "admin"))
    for lines, allowed in (
        (f"GET /api/v1/backup/ HTTP/1.1\nHost: {NAME}\nFROM_PROXY\n{read}\n{admin}", (b"400", b"401")),
        (f"GET /api/v1/projects/ HTTP/1.1\nHost: {NAME}\nFROM_PROXY\n{admin}\n{read}", (b"400", b"401")),
        (f"GET /login/ HTTP/1.1\nHost: {NAME}\nX-Forwarded-Proto: http\nFROM_PROXY", (b"403",)),
        (f"GET /login/ HTTP/1.1\nHost: {NAME}\nHost: evil.example\nFROM_PROXY", (b"400",)),
        (f"GET /login/ HTTP/1.1\nHost: evil.example\nHost: {NAME}\nFROM_PROXY", (b"400",)),
    ):
        [status], _ = raw(field, lines)
        assert status in allowed, lines


@attack("name another host in the first line", "–")
def absolute_address(field: Field) -> None:
    statuses, text = raw(field, f"GET https://evil.example/tokens/ HTTP/1.1\nHost: {NAME}\nFROM_PROXY")
    assert statuses in ([b"302"], [b"400"], [b"401"]), text
    assert b"evil" not in text
    assert raw(field, f"GET https://{NAME}/login/ HTTP/1.1\nHost: evil.example\nFROM_PROXY")[0] == [b"400"]


@attack("have a request with its token sent back, or another protocol spoken", "–")
def other_methods(field: Field) -> None:
    token = f"Authorization: Bearer {field.tokens['read']}"
    for first in ("TRACE /login/", "CONNECT evil.example:443", "get /login/", "PRI *"):
        statuses, text = raw(field, f"{first} HTTP/1.1\nHost: {NAME}\nFROM_PROXY\n{token}")
        assert statuses in ([b"400"], [b"403"], [b"404"], [b"405"]), first
        assert field.tokens["read"].encode() not in text
    upgrade = "Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"
    assert raw(field, f"GET /login/ HTTP/1.1\nHost: {NAME}\nFROM_PROXY\n{upgrade}")[0] == [b"200"]
    assert raw(field, "GET /login/")[0] in ([], [b"400"])


@attack("leave the folder of static files, or the site, by a path", "–")
def strange_paths(field: Field) -> None:
    for path in (
        *("/static/../../../../etc/passwd", "/static/..%2f..%2fdata.db", "/static/%2e%2e/%2e%2e/etc/passwd"),
        *(
            "//evil.example/x",
            "//evil.example/%2e%2e",
            "/\\evil.example",
            "/list%0d%0aSet-Cookie:a=b",
            "/static//etc/passwd",
        ),
    ):
        [status], text = raw(field, f"GET {path} HTTP/1.1\nHost: {NAME}\nFROM_PROXY\nConnection: close")
        assert status in (b"302", b"400", b"404"), path
        head = text.partition(b"\r\n\r\n")[0]
        assert b"Location: //" not in head
        assert b"Set-Cookie: a" not in head
        assert b"root:" not in text


@attack("exhaust the server by a deep document", "–")
def deep_documents(field: Field) -> None:
    for text in ("[" * 100_000 + "]" * 100_000, '{"a":' * 50_000 + "1" + "}" * 50_000, "[" * 200_000):
        refused(sent(field, text), 400)


@attack("name a member twice in a body, for a check and for the server", "CouchDB CVE-2017-12635")
def doubled_members(field: Field) -> None:
    for text in ('{"title": "a", "title": "b"', f'{TASK}"title": "a", "labels": [{{"b": 1, "b": 1}}]'):
        refused(sent(field, f"{text}}}"), 400)
    for path in ("device-codes/", "plan/", "comments/"):
        refused(sent(field, '{"scopes": ["read"], "scopes": ["admin"]}', path), 400)


@attack("store a number that no one can read back", "–")
def strange_numbers(field: Field) -> None:
    for number in ("9" * 5000, str(2**63), "-1e400", "NaN", "Infinity", "1e999", "-1", "0.5", '"٣"', "true"):
        refused(sent(field, f'{TASK}"title": "x", "story_points": {number}}}'), 400)
    for number in (str(2**64), "-1", "1e3", "%D9%A3", "NaN"):
        for path in (f"changes/?since={number}", f"work-items/?limit={number}", f"search/?q=a&limit={number}"):
            refused(field.call("GET", path, "read"), 400)


@attack("store a text that breaks a page or an export", "–")
def strange_texts(field: Field) -> None:
    for text in ('"\\ud800"', '"a\\u0000b"', '["x"]', '{"a": 1}', "null", '"' + "t" * 1_000_000 + '"'):
        refused(sent(field, f'{TASK}"title": {text}}}'), 400)
    for body in (b'{"title": "\xff\xfe"}', '{"title": "x"}'.encode("utf-16"), b'\xef\xbb\xbf{"title": "x"}'):
        refused(sent(field, body), 400)
    refused(sent(field, f'{TASK}"title": "x", "\\udfff": 1}}'), 400)
    assert field.call("GET", "export/", "read").status_code == 200


@attack("send a small body that becomes a large one", "–")
def compressed_body(field: Field) -> None:
    bomb = gzip.compress(b'{"title": "' + b"a" * 20_000_000 + b'"}')
    begin = time.monotonic()
    refused(sent(field, bomb, Content_Encoding="gzip"), 400, 415)
    assert time.monotonic() - begin < scaled(5)


@attack("filter or sort by a column of another table", "–")
def foreign_columns(field: Field) -> None:
    for query in (
        *("created_by__password__startswith=p", "ordering=created_by__password", "fields=created_by__password"),
        *("title__regex=(a%2B)%2B$", "parent__title=Secret", "ordering=title%3Bselect", "fields=password", "id__in=1"),
    ):
        answer = field.call("GET", f"work-items/?{query}", "read")
        refused(answer, 400)
        assert "pbkdf2" not in answer.text


@attack("keep the database busy by one search", "–")
def heavy_search(field: Field) -> None:
    begin = time.monotonic()
    for words in (
        "%22" * 900,
        "a*" * 480,
        "-a" * 490,
        "%28" * 900,
        "a%20OR%20" * 120,
        "a%20" * 490,
        "%F0%9F%98%80" * 900,
    ):
        assert field.call("GET", f"search/?q={words}", "read").status_code in (200, 400)
    refused(field.call("GET", f"search/?q={'a' * 1001}", "read"), 400)
    assert time.monotonic() - begin < scaled(10)


@attack("read an answer from the page of another site", "–")
def other_origin(field: Field) -> None:
    for origin in ("https://evil.example", "null", f"https://{NAME}.evil.example"):
        answer = field.call("GET", "projects/", "read", Origin=origin)
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        preflight = {"Origin": origin, "Access_Control_Request_Method": "DELETE"}
        refused(field.call("OPTIONS", "projects/", **preflight), 401, 403, 405)


@attack("sign a user out by a link", "–")
def sign_out_by_a_link(field: Field) -> None:
    bob = field.browser("bob")
    for path in ("/admin/logout/", "/logout/", "/signed-out/"):
        bob.get(path)
        assert bob.who() == "bob", path


@attack("make the server hash a very long password", "–")
def long_password(field: Field) -> None:
    begin = time.monotonic()
    for number, length in enumerate((100_000, 5_000_000)):
        browser = Browser(field.server, f"198.51.100.{60 + number}")
        refused(browser.sign_in("bob", "p" * length), 200, 400, 413)
        assert browser.who() == ""
    assert time.monotonic() - begin < scaled(10)


@attack("send a form with very many fields", "–")
def many_fields(field: Field) -> None:
    browser = field.browser()
    token = csrf_of(browser.get("/login/"))
    data = {f"f{number}": "" for number in range(3000)} | {"csrfmiddlewaretoken": token}
    refused(browser.send("POST", "/login/", data, Referer=f"https://{NAME}/login/"), 400, 413)


@attack("keep others from waiting for news by waiting without a token", "–")
def waiting_without_a_name(field: Field) -> None:
    request = (
        f"GET /api/v1/changes/ HTTP/1.1\r\nHost: {NAME}\r\nX-Forwarded-Proto: https\r\nX-Wait: {2**59}; 25\r\n\r\n"
    )
    with contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(connect(field)) for _ in range(100)]
        for connection in waiting:
            connection.sendall(request.encode())
        begin = time.monotonic()
        for path in ("projects/", "work-items/", "changes/?since=0"):
            assert field.call("GET", path, "read").status_code == 200
        assert time.monotonic() - begin < scaled(5)
        waiting[0].sendall(b"\r\n")  # more bytes end the wait
        answer = waiting[0].recv(10_000)
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert SECRET_PLAN.encode() not in answer


def sent(field: Field, body: str | bytes, path: str = "work-items/", **headers: str) -> Answer:
    """Send a body as it is, by default to the list of items."""
    content = body if isinstance(body, bytes) else body.encode()
    all_headers = {"Accept": "application/json", "Content_Type": "application/json; charset=utf-8", **headers}
    token = f"Bearer {field.tokens['write']}"
    return Browser(field.server).send("POST", f"/api/v1/{path}", content, Authorization=token, **all_headers)
